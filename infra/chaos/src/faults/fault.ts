import { setTimeout as sleep } from 'node:timers/promises';
import type { Books } from '../load/books.js';
import type { Random } from '../seeded.js';
import type { ChaosStack } from '../stack/chaos-stack.js';

/** What a fault may use. */
export interface FaultContext {
  readonly stack: ChaosStack;
  readonly books: Books;
  readonly random: Random;
  /** How long a fault of this kind is to last: what was asked for, else the given number of seconds. */
  last(seconds: number): Promise<void>;
  /** Something that must not be, in words. */
  complain(sentence: string): void;
}

/** Something that goes wrong, and is over when it resolves: from then on the tracker must heal by itself. */
export interface Fault {
  readonly name: string;
  /** Not drawn by chance, only when it is named: it takes long. */
  readonly onlyByName?: boolean;
  run(context: FaultContext): Promise<void>;
}

/** Milliseconds of waiting, drawn from the seed. */
export async function pause(random: Random, leastMs: number, mostMs: number): Promise<void> {
  await sleep(random.between(leastMs, mostMs));
}
