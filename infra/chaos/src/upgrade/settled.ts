import { type AdminClients, readMetrics, untilFromRedis, untilHealthy } from '@ads/harness';
import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER, newerEventsSubject } from '@ads/models';
import { AD_IDS } from '../stack/chaos-stack.js';
import type { UpgradeStack } from './upgrade-stack.js';

const TIMEOUT_MS = 60_000;

/**
 * Waits until every event is recorded and analytics answers from Redis. Without a consumer of the present version, events that
 * only it reads may go on waiting in the event stream.
 *
 * @returns the number of messages with such events
 * @throws Error that names what is missing
 */
export async function untilSettled(stack: UpgradeStack): Promise<number> {
  const mayWait = stack.running('consumer', 'present').length === 0;
  const wait = (what: string, condition: () => Promise<boolean>) =>
    waitFor(condition, { what, intervalMs: 150, timeoutMs: TIMEOUT_MS });
  await wait('the redirected clicks to be durable', async () => {
    const metrics = await Promise.all(stack.portsOf('ingest').map(readMetrics));
    return metrics.every((metric) => (metric('ingest_pending_clicks{') ?? 0) === 0);
  });
  await wait('the queue to be empty', async () => {
    const left = await readQueue(stack.admin);
    if (left.newer > 0 && !mayWait) throw new Error(`${left.newer} messages wait for a newer consumer`);
    if (left.messages > left.newer) throw new Error(`${left.messages - left.newer} messages are not recorded`);
    return left.open === 0;
  });
  const { newer } = await readQueue(stack.admin);
  // A consumer is degraded while newer events wait.
  const healthy = newer > 0 ? ([...stack.slotsOf('ingest'), ...stack.slotsOf('analytics')] as const) : stack.slots;
  await untilHealthy(
    healthy.map(({ process }) => process),
    TIMEOUT_MS,
  );
  await wait('the doubts to be settled', async () => {
    const { rows } = await stack.admin.database.query('SELECT FROM counter_doubts LIMIT 1');
    return rows.length === 0;
  });
  for (const port of stack.portsOf('analytics')) {
    await untilFromRedis(`http://127.0.0.1:${port}`, AD_IDS[0] ?? '', TIMEOUT_MS);
  }
  return newer;
}

/** The numbers of all stored messages, of those that wait for a newer consumer, and of open deliveries. */
async function readQueue({ jetstream }: AdminClients) {
  const { num_pending: waiting, num_ack_pending: open } = await jetstream.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  const { state } = await jetstream.streams.info(EVENT_STREAM, { subjects_filter: newerEventsSubject('*') });
  const newer = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  return { messages: state.messages, newer, open: waiting + open };
}
