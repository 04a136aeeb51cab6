import { untilFromRedis } from '@ads/harness';
import { forEachService, type LocalProcess, type ServiceName, waitFor } from '@ads/local';
import type { BenchStack } from './stack.js';
import { countClicks } from './store.js';

/** One process of each service, on any core. */
export type Whole = Readonly<Record<ServiceName, LocalProcess>>;

const READY_MS = 60_000;
const COUNTED_MS = 120_000;

/** Starts the servers and the services, and waits until analytics answers from Redis. */
export async function startWhole(stack: BenchStack): Promise<Whole> {
  await stack.startServers();
  const services = await forEachService((name) => stack.startServiceAt('anywhere', name));
  await untilAnsweredFromRedis(services.analytics, stack.adIds[0] ?? '');
  return services;
}

export function untilAnsweredFromRedis({ port }: LocalProcess, adId: string): Promise<void> {
  return untilFromRedis(`http://127.0.0.1:${port}`, adId, READY_MS);
}

/** Waits until Postgres has this number of clicks. Totals are cheap to read and grow with the rows. */
export async function untilRecorded({ admin }: BenchStack, clicks: number): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await admin.database.query<{ clicks: number }>(
        'SELECT coalesce(sum(clicks), 0)::integer AS clicks FROM ad_totals',
      );
      return (rows[0]?.clicks ?? 0) >= clicks;
    },
    { what: `${clicks} clicks to be recorded`, timeoutMs: COUNTED_MS, intervalMs: 20 },
  );
}

/**
 * Waits until Redis has the same number of clicks.
 *
 * @throws Error when a click that was answered with 202 is lost or counted twice
 */
export async function checkCounted(stack: BenchStack, clicks: number): Promise<void> {
  let last = { rows: 0, counted: 0 };
  await waitFor(
    async () => {
      last = await countClicks(stack, stack.adIds);
      return last.rows >= clicks && last.counted >= clicks;
    },
    { what: `${clicks} clicks to be counted`, timeoutMs: COUNTED_MS },
  );
  if (last.rows !== clicks || last.counted !== clicks) {
    throw new Error(`${clicks} clicks were accepted, ${last.rows} are recorded, ${last.counted} counted`);
  }
}
