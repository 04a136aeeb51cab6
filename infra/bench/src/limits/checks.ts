import { type AdAnswer, askAnalytics, untilFromRedis, untilHealthy } from '@ads/harness';
import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { LimitsStack } from './stack.js';

/** The event stream: sequences of its oldest and newest message, and its size. */
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
  const [port] = stack.portsOf('analytics');
  await untilHealthy(stack.services, timeoutMs);
  await waitFor(() => isQueueEmpty(stack), { what: 'the queue to be empty', timeoutMs, intervalMs: 100 });
  await untilFromRedis(`http://127.0.0.1:${port}`, stack.adIds[0] ?? '', timeoutMs);
}

/** The answer of analytics about one ad. @throws Error where the status is not 200 */
export function askAbout(stack: LimitsStack, adId: string): Promise<AdAnswer> {
  const [port] = stack.portsOf('analytics');
  return askAnalytics(`http://127.0.0.1:${port}`, adId);
}
