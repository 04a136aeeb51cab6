import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext } from './fault.js';

/** Requests that were on their way when something went are answered within this. */
const LAST_ANSWERS_MS = 3_000;

/**
 * Lets time pass while something is amiss, and complains about each request that comes to anything else than expected.
 *
 * @param good outcomes as in the journal
 * @param seconds how long, unless the run was told otherwise
 * @param amiss as in "while NATS was away"
 */
export async function expectOutcomes(
  { journal, last, complain }: FaultContext,
  good: ReadonlySet<string>,
  seconds: number,
  amiss: string,
): Promise<void> {
  await sleep(LAST_ANSWERS_MS);
  journal.takeOutcomes();
  await last(seconds);
  for (const [outcome, count] of journal.takeOutcomes()) {
    if (!good.has(outcome)) complain(`${count} requests came to ${outcome} while ${amiss}`);
  }
}
