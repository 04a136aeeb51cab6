import { parseArgs } from 'node:util';
import { FAULTS } from './faults/catalogue.js';
import type { Fault } from './faults/fault.js';
import { seededRandom } from './seeded.js';

/** What a run was told. */
export interface Options {
  readonly seed: number;
  /** How long outages last; undefined: as long as each fault thinks. */
  readonly seconds: number | undefined;
  /** One for each round, in order. */
  readonly faults: readonly Fault[];
}

/** Reads the arguments. @throws Error with one line, when they can't be meant */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string' },
      fault: { type: 'string' },
      seconds: { type: 'string' },
    },
  });
  const { rounds = '10', seed = '1', fault, seconds } = values;
  const numbers = [rounds, seed, seconds ?? '1'].map(Number);
  if (numbers.some((number) => !Number.isInteger(number) || number < 0)) {
    throw new Error('--rounds, --seed and --seconds are whole numbers. Try --help.');
  }
  return {
    seed: Number(seed),
    seconds: seconds === undefined ? undefined : Number(seconds),
    faults: drawFaults(Number(rounds), Number(seed), fault?.split(',').map(byName)),
  };
}

function byName(name: string): Fault {
  const fault = FAULTS.find((known) => known.name === name);
  if (fault === undefined)
    throw new Error(`There is no fault ${name}. Faults: ${FAULTS.map((known) => known.name).join(', ')}`);
  return fault;
}

/** Each comes once, in an order that the seed decides, before any comes again. */
function drawFaults(rounds: number, seed: number, named: readonly Fault[] | undefined): Fault[] {
  const random = seededRandom(seed, 'faults');
  const drawn: Fault[] = [];
  while (drawn.length < rounds) {
    drawn.push(...(named ?? random.shuffle(FAULTS.filter(({ onlyByName }) => onlyByName !== true))));
  }
  return drawn.slice(0, rounds);
}
