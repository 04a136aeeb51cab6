import { randomUUID } from 'node:crypto';
import {
  type AdEvent,
  MINUTES_KEPT,
  minutesKey,
  oldestVisible,
  SECONDS_KEPT,
  secondsKey,
  TOTAL_COLUMNS,
  totalsKey,
  unpackBuckets,
  uuidv7,
} from '@ads/models';
import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type Database, readDoubts, readIdentity } from '../src/index.js';

export const ADS = ['ad-001', 'ad-002', 'ad-003'];

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

export function shuffled<T>(random: () => number, from: readonly T[]): T[] {
  return from
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

export function click(now: number, changes: Partial<AdEvent> = {}): AdEvent {
  return {
    kind: 'click',
    id: uuidv7(now),
    adId: 'ad-001',
    ip: '203.0.113.9',
    occurredAt: now,
    receivedAt: now,
    ...changes,
  };
}

/** Clicks and some impressions of the sample ads within `spread` milliseconds before `now`, and a little after it. */
export function randomEvents(random: () => number, count: number, now: number, spread: number): AdEvent[] {
  return Array.from({ length: count }, () =>
    click(now, {
      kind: random() < 0.25 ? 'impression' : 'click',
      // Players without UUIDv7 send UUIDv4, which is stored in the default partition.
      id: random() < 0.2 ? randomUUID() : uuidv7(now),
      adId: pick(random, ADS),
      ip: pick(random, ['203.0.113.9', '2001:db8::1']),
      occurredAt: Math.floor(now + 120_000 - random() * (spread + 120_000)),
      ...(random() < 0.5 ? {} : { playTimeMs: Math.floor(random() * 100_000) }),
    }),
  );
}

/** True while any doubt exists. */
export async function hasDoubt(database: Database): Promise<boolean> {
  return (await readDoubts(database)).length > 0;
}

export async function rows(database: Database, text: string): Promise<object[]> {
  return await database.query('test', text);
}

/**
 * Expects the rollups to equal a count of the events, for all buckets that a window sees, and no older buckets. Buckets of zero
 * are ignored.
 */
export async function expectExactRollups(database: Database): Promise<void> {
  await expectExactBuckets(database, 'second', 1, SECONDS_KEPT);
  await expectExactBuckets(database, 'minute', 60, MINUTES_KEPT);
  await expectExactQuarterHours(database);
  expect(await rows(database, 'SELECT * FROM ad_totals WHERE clicks + impressions > 0 ORDER BY 1')).toEqual(
    await rows(
      database,
      `SELECT ad_id, count(*) FILTER (WHERE kind = 'click') AS clicks, count(*) FILTER (WHERE kind = 'impression') AS impressions
       FROM ad_events GROUP BY 1 ORDER BY 1`,
    ),
  );
}

/** Maximum time in seconds between recording a batch and reading its buckets in a test. */
const SLOW_TEST = 1_200;

async function expectExactBuckets(database: Database, unit: string, width: number, kept: number): Promise<void> {
  const [clock] = await database.query<{ now: number }>(
    'test',
    'SELECT floor(extract(epoch FROM now()))::bigint AS now',
  );
  const oldest = Math.floor((clock?.now ?? 0) / width) - kept;
  const slack = SLOW_TEST / width;
  const bucket = `floor(extract(epoch FROM occurred_at) / ${width})::bigint`;
  const table = `counts_per_${unit}`;
  expect(
    await rows(
      database,
      `SELECT ad_id, ${unit}, clicks, impressions FROM ${table}
       WHERE clicks + impressions <> 0 AND ${unit} >= ${oldest} ORDER BY 1, 2`,
    ),
  ).toEqual(
    await rows(
      database,
      `SELECT ad_id, ${bucket} AS ${unit}, ${COUNTED} FROM ad_events WHERE ${bucket} >= ${oldest} GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  );
  expect(await rows(database, `SELECT * FROM ${table} WHERE ${unit} < ${oldest - slack}`)).toEqual([]);
}

const COUNTED =
  "count(*) FILTER (WHERE kind = 'click') AS clicks, count(*) FILTER (WHERE kind = 'impression') AS impressions";

/** Quarter-hours are kept for ever. */
async function expectExactQuarterHours(database: Database): Promise<void> {
  expect(
    await rows(database, 'SELECT * FROM counts_per_quarter_hour WHERE clicks + impressions <> 0 ORDER BY 1, 2'),
  ).toEqual(
    await rows(
      database,
      `SELECT ad_id, floor(extract(epoch FROM occurred_at) / 900)::integer AS quarter_hour, ${COUNTED},
              count(play_time_seconds) AS play_times,
              coalesce(sum(coalesce(play_time_ms, play_time_seconds * 1000)), 0)::bigint AS play_time_ms
       FROM ad_events GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  );
}

/** Maps `<key> <field or bucket>` to its count, for every counter in Redis. Throws if a sum differs from its buckets. */
export async function readAllCounters(redis: Redis): Promise<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const key of await redis.keys('ad:*')) {
    const counts = key.endsWith(':totals')
      ? Object.entries(await redis.hgetall(key))
      : unpackBuckets(await redis.hgetallBuffer(key));
    for (const [name, count] of counts) counters[`${key} ${name}`] = Number(count);
  }
  return counters;
}

/** The expected content of Redis at `now`: all totals, and the buckets with events within any window. */
export async function visibleCounters(database: Database, now: number): Promise<Record<string, number>> {
  const oldest = oldestVisible(now);
  const ledger = (await readIdentity(database)) ?? '';
  const counters: Record<string, number> = {};
  const read = <Row extends object>(text: string) => database.query<Row>('test', text);
  for (const total of await read<{ ad_id: string; clicks: number; impressions: number }>('SELECT * FROM ad_totals')) {
    counters[`${totalsKey(ledger, total.ad_id)} clicks`] = total.clicks;
    counters[`${totalsKey(ledger, total.ad_id)} impressions`] = total.impressions;
  }
  for (const column of TOTAL_COLUMNS) {
    for (const { ad_id, second, count } of await read<{ ad_id: string; second: number; count: number }>(
      `SELECT ad_id, second, ${column} AS count FROM counts_per_second
       WHERE ${column} <> 0 AND second >= ${oldest.second}`,
    )) {
      counters[`${secondsKey(ledger, ad_id, column, second)} ${second}`] = count;
    }
    for (const { ad_id, minute, count } of await read<{ ad_id: string; minute: number; count: number }>(
      `SELECT ad_id, minute, ${column} AS count FROM counts_per_minute
       WHERE ${column} <> 0 AND minute >= ${oldest.minute}`,
    )) {
      counters[`${minutesKey(ledger, ad_id, column, minute)} ${minute}`] = count;
    }
  }
  return counters;
}
