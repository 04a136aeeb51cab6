import { EVENT_TABLES, untilFromRedis } from '@ads/harness';
import { forEachService, type LocalProcess, type ServiceName, waitFor } from '@ads/local';
import { EVENT_STREAM, streamSettings, totalsKey } from '@ads/models';
import type { StreamConfig } from 'nats';
import { type LoadResult, type LoadSettings, runLoad } from './load/run-load.js';
import type { BenchStack } from './stack.js';

/** Deletes all events and counters from Postgres, Redis and NATS, which must be idle. The catalogue stays. */
export async function emptyAll(stack: BenchStack): Promise<void> {
  const { database, redis } = stack.admin;
  await emptyStreams(stack);
  await database.query(`TRUNCATE ${EVENT_TABLES}, label_values, counter_doubts`);
  // Runs the checkpoint now, so that it does not run during a measurement.
  await database.query('CHECKPOINT');
  await redis.flushall();
}

export async function emptyStreams({ admin }: BenchStack): Promise<void> {
  for (const { config } of await admin.jetstream.streams.list().next())
    await admin.jetstream.streams.purge(config.name);
}

/** Runs one case of ingest, and deletes the events that it stored, which would slow down the next case. */
export async function runOnIngest(stack: BenchStack, settings: LoadSettings): Promise<LoadResult> {
  const result = await runLoad(settings);
  await emptyStreams(stack);
  return result;
}

/** The event stream with the settings that ingest gives it. */
export async function makeEventStream({ admin }: BenchStack): Promise<void> {
  for (const settings of streamSettings({ replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 })) {
    await admin.jetstream.streams.add(settings as Partial<StreamConfig>);
  }
}

export async function readQueue({ admin }: BenchStack): Promise<{ messages: number; bytes: number }> {
  const { state } = await admin.jetstream.streams.info(EVENT_STREAM);
  return { messages: state.messages, bytes: state.bytes };
}

/** Clicks stored in Postgres and counted in Redis. */
export async function countClicks(
  { admin: { database, redis } }: BenchStack,
  adIds: readonly string[],
): Promise<{ rows: number; counted: number }> {
  const { rows } = await database.query<{ rows: number; ledger: string }>(
    'SELECT count(*)::integer AS rows, current_ledger() AS ledger FROM ad_events',
  );
  const ledger = rows[0]?.ledger ?? '';
  const pipeline = redis.pipeline();
  for (const adId of adIds) pipeline.hget(totalsKey(ledger, adId), 'clicks');
  const totals = (await pipeline.exec()) ?? [];
  const counted = totals.reduce((sum, [, clicks]) => sum + Number(clicks ?? 0), 0);
  return { rows: rows[0]?.rows ?? 0, counted };
}

/** Sizes in bytes: clicks in Postgres with their indexes, all WAL written so far, and the data of Redis. */
export async function readSizes({ admin: { database, redis } }: BenchStack): Promise<Record<string, number>> {
  const { rows } = await database.query<Record<string, string>>(
    `SELECT sum(size) FILTER (WHERE name LIKE 'ad_events%') AS postgres_rows,
            sum(size) FILTER (WHERE name LIKE ANY ('{counts_per_%,clicks_per_%,ad_totals,label_values}')) AS postgres_rollups,
            pg_current_wal_lsn() - '0/0'::pg_lsn AS postgres_log
     FROM (SELECT relname AS name, pg_total_relation_size(oid) AS size
           FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) tables`,
  );
  const sizes = Object.entries(rows[0] ?? {}).map(([name, bytes]) => [name, Number(bytes)]);
  const redisBytes = Number(/^used_memory_dataset:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  return { ...Object.fromEntries(sizes), redis: redisBytes };
}

/** The slots of the services: one process of each, on any core. */
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

/** Waits until Postgres has this number of clicks. Reads the totals, which are cheaper than counting rows. */
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
    throw new Error(`${clicks} clicks were accepted, ${last.rows} are recorded, ${last.counted} are counted`);
  }
}
