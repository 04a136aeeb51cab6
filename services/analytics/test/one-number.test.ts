import { randomUUID } from 'node:crypto';
import { createLedger, rebuildCounters } from '@ads/ledger';
import { openPool, openTestServers } from '@ads/local';
import {
  type AdEvent,
  EVENT_GROUPS,
  type EventLabels,
  INVALID_VERDICTS,
  isIngestVerdict,
  KINDS,
  LEAST_MINUTES_KEPT,
  uuidv7,
  VERDICT_NAMES,
} from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { compareAnswers } from '../../../infra/harness/src/exactness/answers.js';
import { compareLive, firstLiveMessage } from '../../../infra/harness/src/exactness/live.js';
import { compareReports } from '../../../infra/harness/src/exactness/reports.js';
import { isValid, type Row, readRows } from '../../../infra/harness/src/exactness/rows.js';
import { pick, shuffled } from '../../../packages/ledger/test/expected-counts.js';
import { seeded } from '../../../packages/models/test/seeded.js';
import { countQuality } from './count-quality.js';
import { buildRecentDays } from './recent-days.js';
import { openStores } from './stores.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const QUARTER_HOUR = 900_000;
/** Fewer than the values of the labels. */
const MAX_LABEL_VALUES = 4;
const ADS = [
  { id: 'one-1', campaign: 'summer', advertiser: 'acme' },
  { id: 'one-2', campaign: 'summer, "late"', advertiser: 'acme' },
  { id: 'one-3', campaign: '=1+1', advertiser: 'other' },
  { id: 'one-4', campaign: null, advertiser: null },
] as const;
const AD_IDS = ADS.map(({ id }) => id);
/** Each zone with a moment at which its clocks change. In Apia a whole day is missing. */
const CHANGES = [
  ['UTC', '2026-01-01T00:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30Z'],
  ['America/St_Johns', '2026-03-08T05:30Z'],
  ['America/St_Johns', '2026-11-01T04:30Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
] as const;
/** The times by UTC at which the days of these zones begin this year. */
const STARTS_OF_DAYS = ['00:00', '18:15', '02:30', '03:30', '13:00', '13:30', '04:00', '05:00', '11:00'];

const VARIABLES = { DOUBT_POLL_MS: '20', RATE_LIMIT_READS_PER_MINUTE: '0', QUALITY_MAX_EVENTS: '1500' };

const testServers = openTestServers();
const seed = 12;
const random = seeded(seed);
const now = Date.now();
let pool: pg.Pool;
let rows: Row[];
let url: string;

beforeAll(async () => {
  const redis = await testServers.redis();
  const env = { ...(await testServers.database()), ...redis.env };
  pool = openPool(env);
  testServers.onRelease(() => pool.end());
  await pool.query('TRUNCATE ads');
  for (const { id, campaign, advertiser } of ADS) {
    await pool.query("INSERT INTO ads (id, image_url, target_url, campaign, advertiser) VALUES ($1, '', '', $2, $3)", [
      id,
      campaign,
      advertiser,
    ]);
  }
  const { database, store } = await openStores(testServers, env);
  const [service] = await Promise.all([
    testServers.service({ name: 'analytics', env: { ...env, ...VARIABLES } }),
    record(),
  ]);
  url = `http://127.0.0.1:${service.port}`;
  rows = await readRows(pool);

  /** Batches of both paths, in which some events are repeated: all of them raise counters that are trusted from the start. */
  async function record(): Promise<void> {
    expect((await rebuildCounters(database, store, Date.now)).state).toBe('done');
    const writers = [1, 2].map(() =>
      createLedger({
        maxLabelValues: MAX_LABEL_VALUES,
        minutesKept: LEAST_MINUTES_KEPT,
        database,
        store,
        now: Date.now,
        onRaiseFailure: (error) => expect(error).toBeUndefined(),
      }),
    );
    const events = Array.from({ length: 4_000 }, randomEvent);
    for (let first = 0; first < events.length; first += 400) {
      // Later events are late: reports read some ads and days by quarter-hours, and days are counted again.
      if (first === 2_000 || first === 3_600) {
        await buildRecentDays({ pool, database }, { starts: STARTS_OF_DAYS, since: now - 35 * DAY, now });
      }
      const batch = events.slice(first, first + 400);
      const again = shuffled(random, events.slice(0, first)).slice(0, 60);
      await Promise.all(
        writers.map((ledger, index) => {
          const part = shuffled(random, [...batch.filter(() => random() < 0.7), ...again]);
          return index === 0 ? ledger.recordQueued(part) : ledger.recordUnqueued(part);
        }),
      );
      await writers[0]?.recordQueued(batch);
    }
    expect((await pool.query('SELECT count(*)::integer FROM ad_events')).rows).toEqual([{ count: events.length }]);
  }
});
afterAll(testServers.release);

/** Around now and up to 5 min ahead, around changes of clocks, on the edges of quarters of an hour, or at any time since 1970. */
function randomTime(): number {
  const kind = random();
  if (kind < 0.3) return now + 5 * 60_000 - random() * 70 * 60_000;
  if (kind < 0.5) return now - random() * 27 * HOUR;
  if (kind < 0.6) return pick(random, [0, 1, 899_999, 900_000, random() * now]);
  const change = Date.parse(pick(random, CHANGES)[1]);
  if (kind < 0.7) return change + QUARTER_HOUR * Math.floor(random() * 100 - 50) - Math.floor(random() * 2);
  return change + (random() - 0.5) * 4 * DAY;
}

function randomEvent(): AdEvent {
  const kind = random() < 0.6 ? pick(random, ['click', 'impression'] as const) : pick(random, KINDS);
  return {
    kind,
    id: random() < 0.2 ? randomUUID() : uuidv7(Math.floor(now - random() * 3 * HOUR)),
    adId: pick(random, AD_IDS),
    ip: '203.0.113.9',
    occurredAt: Math.floor(randomTime()),
    receivedAt: now,
    ...(kind === 'click' && random() < 0.7 ? { playTimeMs: Math.floor(random() * 100_000) } : {}),
    ...(random() < 0.3 ? {} : { labels: randomLabels() }),
    ...(random() < 0.8 ? {} : { verdict: pick(random, INVALID_VERDICTS.filter(isIngestVerdict)) }),
    ...(random() < 0.4 ? {} : { viewer: String(Math.floor(random() ** 3 * 100) - 50) }),
  };
}

const LABELS: Readonly<Record<keyof EventLabels, readonly string[]>> = {
  session_id: Array.from({ length: 400 }, (_, number) => `s${number}`),
  placement: ['top', 'NULL', '"\\', '😀', '(other)', 'a,b', '=1', "it's"],
  source: ['a', 'A', 'é', 'e\u0301', '-1', '\u00a0'],
  device: ['mobile', 'tablet', 'desktop', 'tv', 'other'],
  country: ['NP', 'CA', 'AU', 'WS', 'US'],
  error_code: ['100', '402', '900', '901', '999'],
};

function randomLabels(): EventLabels {
  const names = Object.keys(LABELS).filter(() => random() < 0.5) as (keyof EventLabels)[];
  return Object.fromEntries(names.map((name) => [name, pick(random, LABELS[name])]));
}

/** The greatest range of each interval, so that a report with groups has at most 10,000 rows. */
const LONGEST = {
  quarter_hour: 2 * DAY,
  hour: 7 * DAY,
  day: 60 * DAY,
  week: 200 * DAY,
  month: 500 * DAY,
  total: 900 * DAY,
} as const;

type LongInterval = keyof typeof LONGEST;
const INTERVALS = Object.keys(LONGEST) as LongInterval[];

function randomQuery(tz: string, interval: LongInterval, around: number): string {
  const length = QUARTER_HOUR + random() * LONGEST[interval];
  const from = around - random() * length;
  const asDates = length > 2 * DAY && random() < 0.5;
  const moment = (time: number) =>
    asDates
      ? new Date(time).toISOString().slice(0, 10)
      : new Date(Math.floor(time / QUARTER_HOUR) * QUARTER_HOUR).toISOString();
  const query = new URLSearchParams({ from: moment(from), to: moment(from + length), tz, interval });
  const label = pick(random, EVENT_GROUPS);
  const groups = ['ad', 'campaign', 'advertiser'].filter(() => random() < 0.25);
  if (random() < 0.4) groups.push(label);
  if (groups.length > 0) query.set('group_by', shuffled(random, groups).join());
  const filters = {
    ad_id: AD_IDS,
    campaign: ['summer', 'summer, "late"', 'none'],
    advertiser: ['acme', 'other'],
    [label]: label === 'verdict' ? VERDICT_NAMES : [...LABELS[label], '(other)'],
  };
  for (const [name, values] of Object.entries(filters)) {
    if (random() < 0.8) continue;
    for (const value of shuffled(random, values).slice(0, 2)) query.append(name, value);
  }
  return String(query);
}

describe('one number everywhere: a count of the stored events', () => {
  it('equals the reports of random ranges, intervals, zones, groupings and filters', async () => {
    const queries = INTERVALS.flatMap((interval) => [
      ...CHANGES.map(([tz, change]) => randomQuery(tz, interval, Date.parse(change))),
      ...CHANGES.slice(0, 2).map(([tz]) => randomQuery(tz, interval, now + QUARTER_HOUR)),
    ]);
    const minutes = [1, 25].map((hours) => {
      const moment = (time: number) => new Date(Math.floor(time / 60_000) * 60_000).toISOString();
      const from = now + 6 * 60_000 - hours * HOUR;
      return `from=${moment(from)}&to=${moment(from + HOUR)}&interval=minute&tz=America/St_Johns&group_by=campaign`;
    });
    const whole = EVENT_GROUPS.map(
      (label) => `from=1970-01-01&to=2100-01-01&interval=total&tz=Australia/Lord_Howe&group_by=${label},ad`,
    );
    expect(await compareReports(url, pool, [...queries, ...minutes, ...whole])).toEqual([]);
  });

  it('equals the totals and windows of Redis, those of Postgres, and the live stream of both', async () => {
    const count = (kind: Row['kind']) => rows.filter((row) => row.kind === kind && isValid(row)).length;
    const all = { total_ads: ADS.length, total_clicks: count('click'), impressions: count('impression') };
    for (const store of ['redis', 'postgres'] as const) {
      if (store === 'postgres') await pool.query("INSERT INTO counter_doubts (writer) VALUES ('test')");
      expect(await compareAnswers(url, rows, AD_IDS, store)).toEqual([]);
      expect(await compareLive(url, rows, AD_IDS)).toEqual([]);
      expect((await firstLiveMessage(url, '')).all).toMatchObject(all);
    }
  });

  it('equals the list of all ads, and the clicks by second of the video', async () => {
    const get = async <T>(path: string) => (await (await fetch(`${url}/api/v1/ads/analytics${path}`)).json()) as T;
    const { rows: ofAds } = await pool.query(
      `SELECT ad_id, count(*) FILTER (WHERE kind = 'click')::integer AS total_clicks,
              count(*) FILTER (WHERE kind = 'impression')::integer AS impressions
       FROM ad_events WHERE verdict IS NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
    const { analytics } = await get<{ readonly analytics: readonly object[] }>('');
    expect(analytics).toMatchObject(ofAds);
    for (const adId of AD_IDS) {
      const { rows: seconds } = await pool.query(
        `SELECT floor(play_time_ms / 1000.0)::integer AS second, count(*)::integer AS clicks
         FROM ad_events WHERE ad_id = $1 AND play_time_ms IS NOT NULL AND verdict IS NULL GROUP BY 1 ORDER BY 1`,
        [adId],
      );
      expect(await get<object>(`/play-time?ad_id=${adId}`)).toMatchObject({ ad_id: adId, seconds });
    }
  });

  it.each([
    ['of a range', 0.8, true],
    ['of the newest events of a range', 24, false],
  ])('equals the diagnostics %s', async (_what, hours, isComplete) => {
    const [from, to] = [now - hours * HOUR, now + HOUR].map((time) => Math.floor(time / QUARTER_HOUR) * QUARTER_HOUR);
    const query = `from=${new Date(from ?? 0).toISOString()}&to=${new Date(to ?? 0).toISOString()}`;
    const get = async (path: string) =>
      (await (await fetch(`${url}/api/v1/ads/analytics${path}&${query}`)).json()) as object;
    for (const adId of AD_IDS) {
      const reuse = await reuseSessions(adId, from ?? 0, to ?? 0);
      const answer = (await get(`/quality?ad_id=${adId}`)) as QualityAnswer;
      expect(answer.sample.is_complete).toBe(isComplete);
      const counted = await countQuality(pool, adId, { ...answer.sample, to: to ?? 0 });
      const { diagnostics } = answer;
      expect(
        Object.fromEntries(
          Object.keys(counted).map((name) => [name, [diagnostics[name]?.value, diagnostics[name]?.of]]),
        ),
      ).toEqual(counted);
      expect(diagnostics.reused_sessions).toMatchObject(reuse);
      const { verdicts, ...counts } = answer.counts;
      const report =
        '/report?interval=total&metrics=gross_clicks,clicks,invalid_clicks,gross_impressions,impressions,invalid_impressions';
      expect(await get(`${report}&ad_id=${adId}`)).toMatchObject({ rows: [counts] });
      expect(await get(`${report}&ad_id=${adId}&group_by=verdict`)).toMatchObject({
        rows: expect.arrayContaining(
          verdicts.map(({ verdict, clicks, impressions }) =>
            expect.objectContaining({ verdict, invalid_clicks: clicks, invalid_impressions: impressions }),
          ),
        ),
      });
    }
  });

  it('makes diagnostics of seven days at most, one answer for a client at a time', async () => {
    const ask = async (from: string) =>
      await fetch(`${url}/api/v1/ads/analytics/quality?ad_id=one-1&from=${from}&to=2026-01-08`);
    expect((await ask('2026-01-01')).status).toBe(200);
    expect((await ask('2025-12-31T23:45Z')).status).toBe(400);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('2026-01-07')));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBe(answers.length - refused.length);
    expect(refused[0]?.headers.get('retry-after')).toBe('5');
    expect((await ask('2026-01-07')).status).toBe(200);
  });
});

/** Stores reused sessions on the days of the range, and on those around it. @returns the diagnostic */
async function reuseSessions(adId: string, from: number, to: number) {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const [first, last] = [day(from), day(to - 1)];
  const after = day(Date.parse(last) + DAY);
  await pool.query('DELETE FROM session_reuse WHERE ad_id = $1', [adId]);
  for (const [on, events] of [
    [day(Date.parse(first) - 1), 50],
    [first, 3],
    [last, 4],
    [after, 60],
  ]) {
    await pool.query(
      'INSERT INTO session_reuse VALUES ($1, $2, $3) ON CONFLICT (ad_id, day) DO UPDATE SET events = excluded.events',
      [adId, on, events],
    );
  }
  const {
    rows: [row],
  } = await pool.query(
    `SELECT count(*)::integer AS of FROM ad_events
     WHERE ad_id = $1 AND kind IN ('click', 'impression') AND occurred_at >= $2::timestamptz AND occurred_at < $3::timestamptz`,
    [adId, `${first}T00:00Z`, `${after}T00:00Z`],
  );
  return { value: first === last ? 4 : 7, ...row };
}

interface QualityAnswer {
  readonly counts: { readonly verdicts: readonly { verdict: string; clicks: number; impressions: number }[] };
  readonly sample: { readonly from: string; readonly is_complete: boolean; readonly sessions_from: string };
  readonly diagnostics: Readonly<Record<string, { readonly value: number; readonly of: number }>>;
}
