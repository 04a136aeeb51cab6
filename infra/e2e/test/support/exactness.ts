import { waitFor } from '@ads/local';
import { minutesKey, secondsKey, totalsKey, unpackBuckets } from '@ads/models';
import { expect } from '@jest/globals';
import type { AdAnalytics, Environment } from './environment.js';

/** Buckets that no window sees any more may be gone, or were never written. */
const SECONDS_SEEN = 'extract(epoch FROM now()) - 3600';
const MINUTES_SEEN = 'extract(epoch FROM now()) / 60 - 1440';

const CLICKS_PER_SECOND = `
  SELECT ad_id, floor(extract(epoch FROM occurred_at))::bigint AS bucket, count(*) AS counted
  FROM ad_events WHERE kind = 'click' GROUP BY 1, 2`;
const CLICKS_PER_MINUTE = `
  SELECT ad_id, floor(extract(epoch FROM occurred_at) / 60)::bigint AS bucket, count(*) AS counted
  FROM ad_events WHERE kind = 'click' GROUP BY 1, 2`;

/** How each rollup differs from the rows that it sums up. */
const WRONG_ROLLUPS = `
  SELECT 'second' AS rollup, ad_id, bucket, counted, clicks AS rolled_up
  FROM (${CLICKS_PER_SECOND}) counted
  FULL JOIN (SELECT ad_id, second AS bucket, clicks FROM clicks_per_second) rolled USING (ad_id, bucket)
  WHERE coalesce(counted, 0) <> coalesce(clicks, 0) AND bucket > ${SECONDS_SEEN}
  UNION ALL
  SELECT 'minute', ad_id, bucket, counted, clicks
  FROM (${CLICKS_PER_MINUTE}) counted
  FULL JOIN (SELECT ad_id, minute AS bucket, clicks FROM clicks_per_minute) rolled USING (ad_id, bucket)
  WHERE coalesce(counted, 0) <> coalesce(clicks, 0) AND bucket > ${MINUTES_SEEN}
  UNION ALL
  SELECT kind, ad_id, 0, counted, rolled_up
  FROM (SELECT kind, ad_id, count(*) AS counted FROM ad_events GROUP BY 1, 2) counted
  FULL JOIN (
    SELECT 'click' AS kind, ad_id, clicks AS rolled_up FROM ad_totals
    UNION ALL SELECT 'impression', ad_id, impressions FROM ad_totals
  ) rolled USING (kind, ad_id)
  WHERE coalesce(counted, 0) <> coalesce(rolled_up, 0)
  LIMIT 5`;

/**
 * Holds everything that was acknowledged in an environment against the rows, the rollups, the counters in Redis and the
 * answers of analytics: each id is there once, none is missing, none is there that nobody sent.
 */
export async function expectExact(environment: Environment, { timeoutMs = 40_000 } = {}): Promise<void> {
  await expectRecorded(environment, timeoutMs);
  expect((await environment.database.query(WRONG_ROLLUPS)).rows).toEqual([]);
  await expectCounted(environment, timeoutMs);
}

/** As far as Postgres goes: the rows, and nothing left in the queue. */
export async function expectRecorded(environment: Environment, timeoutMs = 40_000): Promise<void> {
  const sent = new Set([...environment.acknowledged.values()].map(({ kind, id, adId }) => `${kind} ${id} ${adId}`));
  let rows: string[] = [];
  await waitFor(
    async () => {
      const { rows: found } = await environment.database.query('SELECT kind, id, ad_id FROM ad_events');
      rows = found.map(({ kind, id, ad_id }) => `${kind} ${id} ${ad_id}`);
      return rows.length >= sent.size && (await environment.jetstream.held()) === 0;
    },
    { timeoutMs, intervalMs: 100, what: `${sent.size} events to be recorded and the queue to be empty` },
  ).catch(() => undefined);
  const there = new Set(rows);
  expect({
    lost: [...sent].filter((event) => !there.has(event)).slice(0, 5),
    nobodySent: rows.filter((row) => !sent.has(row)).slice(0, 5),
    twice: rows.length - there.size,
    queued: await environment.jetstream.held(),
  }).toEqual({ lost: [], nobodySent: [], twice: 0, queued: 0 });
}

/** Redis holds what Postgres holds, and analytics answers it from there. */
async function expectCounted(environment: Environment, timeoutMs: number): Promise<void> {
  const wanted = await wantedCounters(environment);
  await waitFor(
    async () => {
      expect(await heldCounters(environment, Object.keys(wanted))).toEqual(wanted);
      return true;
    },
    { timeoutMs, intervalMs: 100, what: 'the counters in Redis to be those of Postgres' },
  );
  for (const [adId, counts] of totalsOf(environment)) {
    let last: AdAnalytics | undefined;
    await waitFor(
      async () => {
        last = await environment.analytics(adId);
        return last.source === 'redis';
      },
      { timeoutMs, what: `analytics of ${adId} to come from Redis` },
    );
    expect(last).toMatchObject(answerOf(adId, counts));
  }
}

/** What analytics must answer of an ad whose events all happened within the hour. */
export function answerOf(adId: string, { clicks, impressions }: Totals) {
  return {
    ad_id: adId,
    total_clicks: clicks,
    impressions,
    ctr: impressions === 0 ? null : clicks / impressions,
    time_frames: { last_1_hour: clicks, last_24_hours: clicks },
  };
}

export interface Totals {
  clicks: number;
  impressions: number;
}

/** What was acknowledged, by ad. */
export function totalsOf(environment: Environment): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const { kind, adId } of environment.acknowledged.values()) {
    const ad = totals.get(adId) ?? { clicks: 0, impressions: 0 };
    if (kind === 'click') ad.clicks += 1;
    else ad.impressions += 1;
    totals.set(adId, ad);
  }
  return totals;
}

type Hashes = Record<string, Record<string, string>>;

async function wantedCounters(environment: Environment): Promise<Hashes> {
  const ledger = await environment.identity();
  const wanted: Hashes = {};
  const put = (key: string, field: string, count: string) => {
    wanted[key] = { ...wanted[key], [field]: count };
  };
  const read = async (sql: string) => (await environment.database.query(sql)).rows as Record<string, string>[];
  for (const { ad_id = '', clicks = '', impressions = '' } of await read('SELECT * FROM ad_totals')) {
    put(totalsKey(ledger, ad_id), 'clicks', clicks);
    put(totalsKey(ledger, ad_id), 'impressions', impressions);
  }
  for (const { ad_id = '', second = '', clicks = '' } of await read(
    'SELECT * FROM clicks_per_second WHERE clicks <> 0',
  )) {
    put(secondsKey(ledger, ad_id, Number(second)), second, clicks);
  }
  for (const { ad_id = '', minute = '', clicks = '' } of await read(
    'SELECT * FROM clicks_per_minute WHERE clicks <> 0',
  )) {
    put(minutesKey(ledger, ad_id, Number(minute)), minute, clicks);
  }
  return wanted;
}

async function heldCounters(environment: Environment, keys: readonly string[]): Promise<Hashes> {
  const read = async (key: string) => {
    if (key.endsWith(':totals')) return await environment.counters.hgetall(key);
    const buckets = unpackBuckets(await environment.counters.hgetallBuffer(key));
    return Object.fromEntries(buckets.map(([bucket, clicks]) => [bucket, String(clicks)]));
  };
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)])));
}
