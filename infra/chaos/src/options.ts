import { namesOf, parseOptions, seededRandom, wholeNumber } from '@ads/harness';
import { FAULTS } from './faults/catalogue.js';
import type { Fault } from './faults/fault.js';

export interface Options {
  readonly seed: number;
  /** The duration of outages in seconds; if undefined, each fault uses its default. */
  readonly seconds: number | undefined;
  /** The faults of the rounds, in order. */
  readonly faults: readonly Fault[];
}

/** Reads the arguments. @throws Error with a message of one line */
export function readOptions(args: readonly string[]): Options {
  const { rounds, seed, seconds, fault } = parseOptions(args, {
    rounds: wholeNumber(0, 10),
    seed: wholeNumber(0, 1),
    seconds: wholeNumber(0, undefined),
    fault: namesOf(FAULTS.map(({ name }) => name)),
  });
  const named = fault?.flatMap((name) => FAULTS.filter((known) => known.name === name));
  return { seed, seconds, faults: drawFaults(rounds, seed, named) };
}

/** Orders the faults by the seed. Every fault runs once before any fault runs again. */
function drawFaults(rounds: number, seed: number, named: readonly Fault[] | undefined): Fault[] {
  const random = seededRandom(seed, 'faults');
  const drawn: Fault[] = [];
  while (drawn.length < rounds) {
    drawn.push(...(named ?? random.shuffle(FAULTS.filter(({ onlyByName }) => onlyByName !== true))));
  }
  return drawn.slice(0, rounds);
}
