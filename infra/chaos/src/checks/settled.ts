import { type AdminClients, readMetrics, untilFromRedis, untilHealthy } from '@ads/harness';
import { waitFor } from '@ads/local';
import { EVENT_STREAM } from '@ads/models';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import type { QueueWatch } from './queue-watch.js';

/**
 * Waits until the tracker has recovered without help: each service is healthy, the queue is empty, no counter is in doubt, and
 * analytics answers from Redis.
 *
 * @throws Error that names the missing condition
 */
export async function untilSettled(stack: ChaosStack, queue: QueueWatch, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const left = () => Math.max(1_000, deadline - performance.now());
  const wait = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, intervalMs: 150, timeoutMs: left() });
  await untilHealthy(stack.services, left());
  await wait('the redirected clicks to be durable', async () => {
    const metrics = await Promise.all(stack.slotsOf('ingest').map((slot) => readMetrics(slot.process.port)));
    return metrics.every((metric) => metric('ingest_pending_clicks{') === 0);
  });
  await wait('the queue to be empty', () => queue.isDrained(stack.admin));
  await wait('the doubts to be settled', async () => {
    const { rows } = await stack.admin.database.query('SELECT FROM counter_doubts LIMIT 1');
    return rows.length === 0;
  });
  await untilFromRedis(stack.url, AD_IDS[0] ?? '', left());
}

const CATCH_UP_MS = 20_000;

/**
 * Waits until the servers of a NATS cluster have caught up with their leader, so that the next fault starts with complete
 * copies of the queue. A server that does not catch up is not a failure of the tracker while the others are a majority.
 *
 * @returns a remark for the report, or nothing
 */
export async function untilWhole(stack: ChaosStack): Promise<string[]> {
  try {
    await waitFor(() => isWhole(stack.admin), {
      what: 'all NATS servers to catch up with their leader',
      intervalMs: 150,
      timeoutMs: CATCH_UP_MS,
    });
    return [];
  } catch {
    return [`a NATS server did not catch up with the others within ${CATCH_UP_MS / 1_000} s`];
  }
}

/** True if all servers have caught up with their leader; always true for a single server. */
async function isWhole({ jetstream }: AdminClients): Promise<boolean> {
  const { cluster } = await jetstream.streams.info(EVENT_STREAM);
  return cluster?.replicas?.every(({ current, offline }) => current && offline !== true) ?? true;
}
