import { setTimeout as sleep } from 'node:timers/promises';
import type { AnsweredCounts, Journal, Random } from '@ads/harness';
import type { LocalProcess } from '@ads/local';
import type { ChaosStack } from '../stack/chaos-stack.js';
import type { DependencyName } from '../stack/dependency.js';

/** Signals for an operator: a failing dependency, a rebuild of the counters, dead letters, an old catalogue, a wrong clock. */
export type Signal =
  | DependencyName
  | 'counters'
  | 'wrong counter'
  | 'dead letters'
  | 'dead letters blocked'
  | 'catalogue old'
  | 'clock skew';

/** What a fault may use. */
export interface FaultContext {
  readonly stack: ChaosStack;
  readonly journal: Journal;
  /** Suspended while the ledger goes back in time. */
  readonly answered: AnsweredCounts;
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
  /** It needs a cluster, or PgBouncer: a stack that has more than one server of each. */
  readonly scaledOut?: true;
  /** The signals that an operator must get. A process of ours that was killed gives none, and a slow one still answers. */
  readonly signals: readonly Signal[];
  run(context: FaultContext): Promise<void>;
}

/** Freezes a process while something goes on: connections stay open, and nobody answers. */
export async function frozen(process: LocalProcess, meanwhile: () => Promise<void>): Promise<void> {
  process.pause();
  try {
    await meanwhile();
  } finally {
    process.resume();
  }
}

/** Milliseconds of waiting, drawn from the seed. */
export async function pause(random: Random, leastMs: number, mostMs: number): Promise<void> {
  await sleep(random.between(leastMs, mostMs));
}
