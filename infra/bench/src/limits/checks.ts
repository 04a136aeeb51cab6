import { compareRollups, countLost, type ServiceSlot, untilFromRedis, untilHealthy } from '@ads/harness';
import { printTable, readMemory, step, waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { LimitsStack } from './stack.js';

/** The state of the event stream: the sequence numbers of its first and last message, and its size. */
export async function readStream(stack: LimitsStack) {
  const { state } = await stack.admin.jetstream.streams.info(EVENT_STREAM);
  return { first: state.first_seq, last: state.last_seq, messages: state.messages, bytes: state.bytes };
}

async function isQueueEmpty(stack: LimitsStack): Promise<boolean> {
  const { consumers } = stack.admin.jetstream;
  const { num_pending: waiting, num_ack_pending: open } = await consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  return waiting + open === 0;
}

/** Waits until every accepted event is recorded and analytics answers from Redis. */
export async function untilSettled(stack: LimitsStack, timeoutMs: number): Promise<void> {
  await untilHealthy(stack.services, timeoutMs);
  await waitFor(() => isQueueEmpty(stack), { what: 'the queue to be empty', timeoutMs, intervalMs: 100 });
  await untilCounted(stack, timeoutMs);
}

/** Waits until analytics answers from Redis. */
export async function untilCounted(stack: LimitsStack, timeoutMs: number): Promise<void> {
  await untilFromRedis(stack.analyticsUrl, stack.adIds[0] ?? '', timeoutMs);
}

/** Counts the accepted clicks that are not stored. Adds a sentence to `broken` if the count is not zero. */
export async function checkStored(stack: LimitsStack, accepted: readonly string[], broken: string[]): Promise<number> {
  const { database } = stack.admin;
  const lost = await step(`find all ${accepted.length} accepted clicks in Postgres`, () =>
    countLost(database, accepted),
  );
  if (lost > 0) broken.push(`${lost} accepted clicks are lost`);
  return lost;
}

/** Counts the wrong buckets of the rollups. Adds a sentence to `broken` if the count is not zero. */
export async function checkRollups(stack: LimitsStack, broken: string[]): Promise<number> {
  const wrong = await step('compare the rollups with the stored events', () =>
    compareRollups(stack.admin.database, Date.now()),
  );
  if (wrong.length > 0) broken.push(`${wrong.length} buckets are wrong, such as ${wrong[0]}`);
  return wrong.length;
}

/** Prints the peak of each service in MB, and adds a sentence to `broken` for each service that exceeds the cap. */
export function checkPeaks(slots: readonly ServiceSlot[], capMegabytes: number, broken: string[]) {
  const peaks = slots.map(({ name, process }) => [name, readMemory(process.pid).most] as const);
  for (const [name, most] of peaks) {
    if (most > capMegabytes) broken.push(`${name} had ${most.toFixed(0)} MB resident; the cap is ${capMegabytes} MB`);
  }
  const rows = peaks.map(([name, most]) => [name, most.toFixed(0), String(capMegabytes)]);
  printTable(['MB resident', 'most', 'cap'], rows, [0]);
  return peaks;
}
