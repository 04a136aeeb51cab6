import { type AdAnswer, askAnalytics } from '@ads/harness';
import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { LimitsStack } from './stack.js';

/** The event stream: sequences of its oldest and newest message, and its size. */
export async function readStream(stack: LimitsStack) {
  const manager = await stack.admin.nats.jetstreamManager();
  const { state } = await manager.streams.info(EVENT_STREAM);
  return { first: state.first_seq, last: state.last_seq, messages: state.messages, bytes: state.bytes };
}

async function isQueueEmpty(stack: LimitsStack): Promise<boolean> {
  const manager = await stack.admin.nats.jetstreamManager();
  const { num_pending: waiting, num_ack_pending: open } = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  return waiting + open === 0;
}

/** Waits until every accepted event is recorded and analytics answers from Redis. */
export async function untilSettled(stack: LimitsStack, timeoutMs: number): Promise<void> {
  const wait = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, timeoutMs, intervalMs: 100 });
  await Promise.all(
    stack.slots.map(({ name, process }) =>
      wait(`${name} to be healthy`, async () => {
        const answer = await fetch(`http://127.0.0.1:${process.port}/health`);
        return ((await answer.json()) as { status: string }).status === 'healthy';
      }),
    ),
  );
  await wait('the queue to be empty', () => isQueueEmpty(stack));
  await wait(
    'analytics to answer from Redis',
    async () => (await askAbout(stack, stack.adIds[0] ?? '')).source === 'redis',
  );
}

/** The answer of analytics about one ad. @throws Error where the status is not 200 */
export function askAbout(stack: LimitsStack, adId: string): Promise<AdAnswer> {
  const [port] = stack.portsOf('analytics');
  return askAnalytics(`http://127.0.0.1:${port}`, adId);
}
