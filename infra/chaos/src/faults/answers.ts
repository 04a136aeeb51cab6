import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultContext } from './fault.js';

/** Requests that were sent before the fault are answered within this. */
const LAST_ANSWERS_MS = 3_000;

/**
 * Waits during a fault, and complains about each request with another outcome than expected.
 *
 * @param good outcomes as in the journal
 * @param seconds by default; `--seconds` wins
 * @param amiss completes "while …", as in "NATS was down"
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
    if (!good.has(outcome)) complain(`${count} requests ended with ${outcome} while ${amiss}`);
  }
}
