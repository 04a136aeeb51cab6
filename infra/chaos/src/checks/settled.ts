import { waitFor } from '@ads/local';
import { EVENT_STREAM } from '@ads/models';
import type { NatsConnection } from 'nats';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import type { QueueWatch } from './queue-watch.js';

/**
 * Waits until nobody has anything left to do: each service is healthy, each copy of the queue is whole, it is empty, no
 * counter is in doubt, and analytics answers from Redis. No hand helps.
 *
 * @throws Error that says what was waited for in vain
 */
export async function untilSettled(stack: ChaosStack, queue: QueueWatch, timeoutMs: number): Promise<void> {
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
  await wait('each copy of the queue to be whole', () => isWhole(stack.eyes.nats));
  await wait('the queue to be empty', () => queue.isDrained(stack.eyes.nats));
  await wait('the doubts to be settled', async () => {
    const { rows } = await stack.eyes.database.query('SELECT FROM counter_doubts LIMIT 1');
    return rows.length === 0;
  });
  await wait('analytics to answer from Redis', async () => {
    const answer = await readJson(`${stack.url}/api/v1/ads/analytics?ad_id=${AD_IDS[0]}`);
    return (answer as { source: string }).source === 'redis';
  });
}

/** True where the servers of a cluster have caught up with their leader; a server alone is always whole. */
async function isWhole(nats: NatsConnection): Promise<boolean> {
  const manager = await nats.jetstreamManager();
  const { cluster } = await manager.streams.info(EVENT_STREAM);
  return cluster?.replicas?.every(({ current, offline }) => current && offline !== true) ?? true;
}

async function readJson(url: string): Promise<unknown> {
  return await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json();
}
