import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';

/**
 * Waits until nobody has anything left to do: each service is healthy, the queue is empty, no counter is in doubt, and
 * analytics answers from Redis. No hand helps.
 *
 * @throws Error that says what was waited for in vain
 */
export async function untilSettled(stack: ChaosStack, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const wait = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, intervalMs: 50, timeoutMs: Math.max(1_000, deadline - performance.now()) });
  await Promise.all(
    stack.slots.map(({ name, process }) =>
      wait(`${name} to be healthy`, async () => {
        const { status } = (await readJson(`http://127.0.0.1:${process.port}/health`)) as { status: string };
        if (status !== 'healthy') throw new Error(status);
        return true;
      }),
    ),
  );
  await wait('the queue to be empty', async () => {
    const manager = await stack.eyes.nats.jetstreamManager();
    // What the consumer has before it, not what the stream holds: a NATS server that is killed may forget to remove what
    // was acknowledged.
    const { num_pending: waiting, num_ack_pending: delivered } = await manager.consumers.info(
      EVENT_STREAM,
      LEDGER_CONSUMER,
    );
    if (waiting + delivered > 0) throw new Error(`${waiting} wait, ${delivered} are being worked on`);
    return true;
  });
  await wait('the doubts to be settled', async () => {
    const { rows } = await stack.eyes.database.query('SELECT FROM counter_doubts LIMIT 1');
    return rows.length === 0;
  });
  await wait('analytics to answer from Redis', async () => {
    const answer = await readJson(`${stack.url}/api/v1/ads/analytics?ad_id=${AD_IDS[0]}`);
    return (answer as { source: string }).source === 'redis';
  });
}

async function readJson(url: string): Promise<unknown> {
  return await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json();
}
