import { randomUUID } from 'node:crypto';
import {
  type AdEvent,
  COUNT_COLUMNS,
  type EventKind,
  type EventLabels,
  INVALID_COLUMNS,
  INVALID_VERDICTS,
  isIngestVerdict,
  KINDS,
  kindsIn,
  LEAST_MINUTES_KEPT,
  minutesKey,
  oldestVisible,
  SECONDS_KEPT,
  secondsKey,
  TOTAL_COLUMNS,
  totalsKey,
  unpackBuckets,
  uuidv7,
  VERDICT_LABEL,
  VERDICTS,
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

/** Events of the sample ads, mostly clicks and impressions, within `spread` milliseconds before `now`, and a little after it. */
export function randomEvents(
  random: () => number,
  count: number,
  now: number,
  spread: number,
  kinds: readonly EventKind[] = KINDS,
): AdEvent[] {
  return Array.from({ length: count }, () => {
    const kind = random() < 0.25 ? 'impression' : random() < 0.5 ? 'click' : pick(random, kinds);
    return click(now, {
      kind,
      // Players without UUIDv7 send UUIDv4, which is stored in the default partition.
      id: random() < 0.2 ? randomUUID() : uuidv7(now),
      adId: pick(random, ADS),
      ip: pick(random, ['203.0.113.9', '2001:db8::1']),
      occurredAt: Math.floor(now + 120_000 - random() * (spread + 120_000)),
      ...(kind === 'click' && random() < 0.7 ? { playTimeMs: Math.floor(random() * 100_000) } : {}),
      ...(random() < 0.5 ? {} : { labels: randomLabels(random) }),
      ...(random() < 0.8 ? {} : { verdict: pick(random, INVALID_VERDICTS.filter(isIngestVerdict)) }),
    });
  });
}

function randomLabels(random: () => number): EventLabels {
  return {
    ...(random() < 0.5 ? {} : { placement: pick(random, ['top', 'NULL', '"\\', '😀']) }),
    ...(random() < 0.5 ? {} : { source: pick(random, ['a', 'b']), session_id: randomUUID() }),
    ...(random() < 0.5 ? {} : { device: pick(random, ['tv', 'mobile']), country: 'NP' }),
    ...(random() < 0.5 ? {} : { error_code: pick(random, ['402', '900']) }),
  };
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
  await expectExactBuckets(database, 'minute', 60, LEAST_MINUTES_KEPT);
  await expectExactQuarterHours(database);
  expect(await rows(database, 'SELECT * FROM ad_totals WHERE clicks + impressions > 0 ORDER BY 1')).toEqual(
    await rows(
      database,
      `SELECT ad_id, count(*) FILTER (WHERE kind = 'click') AS clicks, count(*) FILTER (WHERE kind = 'impression') AS impressions
       FROM ad_events WHERE kind IN ('click', 'impression') AND verdict IS NULL GROUP BY 1 ORDER BY 1`,
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
      `SELECT ad_id, ${bucket} AS ${unit}, ${COUNTED} FROM ad_events
       WHERE ${bucket} >= ${oldest} AND kind IN ('click', 'impression') AND verdict IS NULL GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  );
  expect(await rows(database, `SELECT * FROM ${table} WHERE ${unit} < ${oldest - slack}`)).toEqual([]);
}

const COUNTED =
  "count(*) FILTER (WHERE kind = 'click') AS clicks, count(*) FILTER (WHERE kind = 'impression') AS impressions";

/** The columns of quarter-hours, counted from events. */
const COUNTED_COLUMNS = `${COUNT_COLUMNS.map(
  (column) =>
    `count(*) FILTER (WHERE kind IN (${kindsIn(column)
      .map((kind) => `'${kind}'`)
      .join()}) AND verdict IS ${INVALID_COLUMNS.some((invalid) => invalid === column) ? 'NOT' : ''} NULL)::integer AS ${column}`,
).join()}, (count(play_time_seconds) FILTER (WHERE verdict IS NULL))::integer AS play_times,
  coalesce(
    sum(coalesce(play_time_ms, play_time_seconds * 1000)) FILTER (WHERE verdict IS NULL), 0
  )::bigint AS play_time_ms`;
const VERDICT_NAMES = INVALID_VERDICTS.map((name) => `(${VERDICTS[name].number}, '${name}')`).join();
const HELD_COLUMNS = `${COUNT_COLUMNS.join()}, play_times, play_time_ms`;
const QUARTER_HOUR = 'floor(extract(epoch FROM occurred_at) / 900)::integer AS quarter_hour';

/** Quarter-hours, their counts by label, and the seconds of the videos are kept for ever. */
async function expectExactQuarterHours(database: Database): Promise<void> {
  const counted = `GREATEST(${COUNT_COLUMNS.join()}) > 0`;
  expect(
    await rows(
      database,
      `SELECT ad_id, quarter_hour, ${HELD_COLUMNS} FROM counts_per_quarter_hour WHERE ${counted} ORDER BY 1, 2`,
    ),
  ).toEqual(
    await rows(
      database,
      `SELECT ad_id, ${QUARTER_HOUR}, ${COUNTED_COLUMNS} FROM ad_events GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  );
  expect(
    await rows(
      database,
      `SELECT ad_id, label, quarter_hour, value, ${HELD_COLUMNS} FROM counts_per_label WHERE ${counted} ORDER BY 1, 2, 3, 4`,
    ),
  ).toEqual(
    await rows(
      database,
      `SELECT ad_events.ad_id, labels.label, ${QUARTER_HOUR},
              CASE WHEN listed.value IS NULL AND labels.label <> ${VERDICT_LABEL} THEN '(other)' ELSE given END AS value,
              ${COUNTED_COLUMNS}
       FROM ad_events
       LEFT JOIN (VALUES ${VERDICT_NAMES}) AS names (number, name) ON number = verdict
       CROSS JOIN LATERAL (
         VALUES (1, placement), (2, source), (3, device), (4, country), (5, error_code), (${VERDICT_LABEL}, name)
       ) AS labels (label, given)
       LEFT JOIN label_values listed
         ON listed.ad_id = ad_events.ad_id AND listed.label = labels.label AND listed.value = given
       WHERE given IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    ),
  );
  expect(await rows(database, 'SELECT * FROM clicks_per_play_second WHERE clicks > 0 ORDER BY 1, 2')).toEqual(
    await rows(
      database,
      `SELECT ad_id, play_time_seconds AS play_second, count(*) AS clicks
       FROM ad_events WHERE play_time_seconds IS NOT NULL AND verdict IS NULL GROUP BY 1, 2 ORDER BY 1, 2`,
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
