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

const USAGE = `npm run chaos [-- --rounds N --seed S --fault NAME --seconds T]
  --rounds N     so many faults, one after the other (10)
  --seed S       decides which, when and where; the same seed, the same faults (1)
  --fault NAME   only this one; several with commas between them
  --seconds T    how long outages last (4 to 10 unless told)
Faults:
  ${FAULTS.map(({ name }) => name).join('\n  ')}`;

/** Reads the arguments. @throws Error that says what there is to say, when they can't be meant */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args.filter((arg) => arg !== '--'));
  const { rounds = '10', seed = '1', fault, seconds } = values;
  const numbers = [rounds, seed, seconds ?? '1'].map(Number);
  if (values.help === true || numbers.some((number) => !Number.isInteger(number) || number < 0)) throw new Error(USAGE);
  return {
    seed: Number(seed),
    seconds: seconds === undefined ? undefined : Number(seconds),
    faults: drawFaults(Number(rounds), Number(seed), fault?.split(',').map(byName)),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        seed: { type: 'string' },
        fault: { type: 'string' },
        seconds: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function byName(name: string): Fault {
  const fault = FAULTS.find((known) => known.name === name);
  if (fault === undefined) throw new Error(`There is no fault ${name}.\n\n${USAGE}`);
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
