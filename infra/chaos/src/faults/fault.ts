import { setTimeout as sleep } from 'node:timers/promises';
import type { AnsweredCounts, Journal, Random } from '@ads/harness';
import type { LocalProcess } from '@ads/local';
import type { ChaosStack } from '../stack/chaos-stack.js';
import type { DependencyName } from '../stack/dependency.js';

/** A signal for an operator, in the log, in `/metrics` and in `/health`. */
export type Signal =
  | DependencyName
  | 'counters'
  | 'wrong counter'
  | 'dead letters'
  | 'dead letters blocked'
  | 'catalogue old'
  | 'clock skew';

/** The tools of a fault. */
export interface FaultContext {
  readonly stack: ChaosStack;
  readonly journal: Journal;
  /** The checks of analytics answers. A fault suspends them while an old state of the ledger is restored. */
  readonly answered: AnsweredCounts;
  readonly random: Random;
  /** Waits for the duration of the fault: `--seconds`, or the given number by default. */
  last(seconds: number): Promise<void>;
  /** Reports a broken promise in one sentence. */
  complain(sentence: string): void;
  /** Adds a remark to the report, which does not fail the round. */
  remark(sentence: string): void;
  /** Waits for a condition, and complains when it does not hold in time. */
  expect(what: string, timeoutMs: number, condition: () => boolean | Promise<boolean>): Promise<void>;
}

/** Causes the failure and ends it before `run` resolves; the tracker must then recover without help. */
export interface Fault {
  readonly name: string;
  /** True for a slow fault. It runs only if `--fault` names it. */
  readonly onlyByName?: boolean;
  /** True for a fault that needs clusters and PgBouncer. */
  readonly scaledOut?: true;
  /** True for a fault that kills an ingest, whose memory has the clicks that are redirected but not durable yet. */
  readonly killsIngest?: true;
  /** The signals that an operator must get. Killed or slow services send none. */
  readonly signals: readonly Signal[];
  run(context: FaultContext): Promise<void>;
}

/** Freezes a process while `meanwhile` runs. Its connections stay open but get no answer. */
export async function frozen(process: LocalProcess, meanwhile: () => Promise<void>): Promise<void> {
  process.pause();
  try {
    await meanwhile();
  } finally {
    process.resume();
  }
}

/** Kills a process or a server, and starts it again 0.2 to 2.5 s later. */
export async function killAndStart(
  random: Random,
  victim: { kill(): Promise<void>; start(): Promise<void> },
): Promise<void> {
  await victim.kill();
  await pause(random, ...DEAD_MS);
  await victim.start();
}

/** The shortest and the longest time between a kill and the restart, in milliseconds. */
export const DEAD_MS = [200, 2_500] as const;

/** Waits for a random time in this range of milliseconds. */
export async function pause(random: Random, leastMs: number, mostMs: number): Promise<void> {
  await sleep(random.between(leastMs, mostMs));
}
