import { type PostgresConfig, postgresVariables } from '@ads/connections';
import type { RowFormat } from '@ads/contract';
import { createLedger, noteRecorded, type RecordingDatabase } from '@ads/ledger';
import { openPool, openTestServers } from '@ads/local';
import { type AdEvent, LEAST_MINUTES_KEPT, uuidv7 } from '@ads/models';
import { createMetrics, loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { openDatabase } from '../../../packages/ledger/test/servers.js';
import { seeded } from '../../../packages/models/test/seeded.js';
import { type PlanOptions, planReport } from '../src/report/plan-report.js';
import { type Report, wholeReport } from '../src/report/report.js';
import { streamReport } from '../src/report/stream-report.js';
import { recordNumbers, rowWriter } from '../src/row-formats.js';
import { buildRecentDays } from './recent-days.js';

const testServers = openTestServers();
afterAll(testServers.release);

/** After a change of the clocks in each of the zones. */
const NOW = Date.UTC(2026, 10, 20, 10, 7, 33);
const DAY_MS = 86_400_000;
let now = NOW;
const ADS = [
  { id: 'ad-1', campaign: 'summer', advertiser: 'acme' },
  { id: 'ad-2', campaign: 'summer', advertiser: 'acme' },
  { id: 'ad-3', campaign: 'winter', advertiser: 'acme' },
  { id: 'ad-4', campaign: null, advertiser: null },
] as const;

const KINDS_OF_EVENTS = [
  'impression',
  'impression',
  'click',
  'start',
  'start',
  'firstQuartile',
  'midpoint',
  'thirdQuartile',
  'complete',
  'skip',
  'viewable',
  'notViewable',
  'error',
  'pause',
] as const;

let pool: pg.Pool;
let database: RecordingDatabase;
let report: (query: string) => Promise<Report>;
/** A report in another format. */
let rowsOf: (query: string, format: RowFormat) => Promise<string>;

const plan = (query: string, preferred: PlanOptions['preferred'] = 'json') =>
  planReport(query, {
    now,
    preferred,
    readOldestMinute: async () => NOW - (NOW % 60_000) - LEAST_MINUTES_KEPT * 60_000,
  });

beforeAll(async () => {
  const env = await testServers.database();
  pool = openPool(env);
  testServers.onRelease(() => pool.end());
  database = openDatabase(testServers, env);
  report = async (query) => JSON.parse(await wholeReport({ database }, await plan(query)));
  rowsOf = async (query, format) => {
    const planned = await plan(query, format);
    const postgres = loadConfig<PostgresConfig>(env, postgresVariables);
    const metrics = createMetrics('test');
    const dependencies = { postgres, metrics, timeoutMs: 10_000 };
    const parts: string[] = [];
    const read = await streamReport(
      dependencies,
      planned,
      format,
      Number.NEGATIVE_INFINITY,
      new AbortController().signal,
    );
    for await (const part of read) parts.push(part);
    return parts.join('');
  };
  await pool.query('TRUNCATE ads');
  for (const { id, campaign, advertiser } of ADS) {
    await pool.query("INSERT INTO ads (id, image_url, target_url, campaign, advertiser) VALUES ($1, '', '', $2, $3)", [
      id,
      campaign,
      advertiser,
    ]);
  }
  const random = seeded(81);
  // Most events are around changes of the clocks: of Lord Howe, St. John's and Berlin in 2026, and of Apia's lost day.
  const moments = [
    '2026-04-04T15:00Z',
    '2026-10-03T15:30Z',
    '2026-03-08T05:30Z',
    '2026-11-01T04:30Z',
    '2026-03-29T01:00Z',
    '2011-12-30T10:00Z',
  ];
  const events = Array.from({ length: 4_000 }, (_, index): AdEvent => {
    const around = Date.parse(moments[index % moments.length] as string) + (random() - 0.5) * 4 * DAY_MS;
    const at = Math.floor(random() < 0.3 ? NOW - random() * 400 * DAY_MS : around);
    const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
    const kind = pick(KINDS_OF_EVENTS);
    const labels = {
      ...(random() < 0.6 ? { placement: pick(['top', 'side', '(other)', 'foot', 'Ä "x"']) } : {}),
      ...(kind === 'error' ? { error_code: pick(['303', '405']) } : {}),
    };
    return {
      kind,
      labels,
      id: uuidv7(NOW),
      adId: ADS[Math.floor(random() * ADS.length)]?.id ?? '',
      ip: '203.0.113.9',
      occurredAt: at,
      receivedAt: NOW,
      ...(random() < 0.8 ? {} : { verdict: pick(['bot', 'datacenter']) }),
      ...(kind !== 'click' || random() < 0.5 ? {} : { playTimeMs: Math.floor(random() * 100_000) }),
    };
  });
  const ledger = createLedger({
    maxLabelValues: 3,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store: {
      shards: () => [],
      shardOf: () => {
        throw new Error('none');
      },
    },
    now: () => NOW,
    onRaiseFailure: () => undefined,
  });
  for (let first = 0; first < events.length; first += 500) {
    // Later events are late: reports read some ads and days by quarter-hours.
    if (first === 3_500) {
      // Midnight in UTC, in Kathmandu, and in Berlin in summer and in winter.
      const starts = ['00:00', '18:15', '22:00', '23:00'];
      await buildRecentDays({ pool, database }, { starts, since: Date.UTC(2026, 8, 28), now: NOW });
    }
    await ledger.recordQueued(events.slice(first, first + 500));
  }
});

describe('a report', () => {
  it.each([
    ['time', 'interval=day&group_by=ad'],
    ['-time', 'interval=week&group_by=campaign,advertiser'],
    ['-clicks', 'interval=day&group_by=ad'],
    ['ctr', 'interval=day&group_by=advertiser,ad'],
    ['-average_play_time', 'interval=week&group_by=ad&tz=Asia/Kathmandu'],
    ['-campaign', 'interval=total&group_by=campaign'],
    ['placement', 'interval=month&group_by=ad,placement'],
    ['ad', 'interval=month&group_by=ad,campaign'],
    ['-verdict', 'interval=month&group_by=verdict,ad'],
    ['invalid_click_rate', 'interval=week&group_by=ad'],
  ])('has the same rows in pages as in whole, by %s: %s', async (order, query) => {
    const range = `from=2026-09-28&to=2026-11-05&${query}`;
    const { rows: unordered } = await report(range);
    const whole = await report(`${range}&order=${order}`);
    const descends = order.startsWith('-');
    const name = order.replace('-', '');
    const values = await report(`${range}&order=${order}`);
    // Labels that are null precede all others, and metrics that are null follow them.
    const isLabel = ['ad', 'campaign', 'advertiser', 'placement', 'verdict'].includes(name);
    const keys = values.rows.map((row) => row[name] ?? (isLabel ? '' : null));
    const present = keys.filter((key) => key !== null);
    expect(keys.slice(present.length).every((key) => key === null)).toBe(true);
    const sorted = [...present].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
    expect(present).toEqual(descends ? sorted.reverse() : sorted);
    const text = (row: object) => JSON.stringify(row);
    expect(whole.rows.map(text).sort()).toEqual(unordered.map(text).sort());

    const pages: Report[] = [];
    const next = (all: readonly Report[]) => (all.at(-1)?.next_cursor ? `&cursor=${all.at(-1)?.next_cursor}` : null);
    for (let cursor: string | null = ''; cursor !== null; cursor = next(pages)) {
      pages.push(await report(`${range}&order=${order}&limit=${[1, 7, 40][pages.length] ?? 500}${cursor}`));
    }
    expect(pages.flatMap(({ rows }) => rows)).toEqual(whole.rows);
    expect(pages.slice(0, -1).map(({ rows }) => rows.length)).toEqual([1, 7, 40, 500].slice(0, pages.length - 1));
  });

  it.each([
    'interval=day&tz=Asia/Kathmandu&group_by=placement,ad&order=-ctr',
    'interval=total&group_by=campaign,advertiser&metrics=clicks,average_play_time,error_rate',
    'interval=month&group_by=verdict,campaign&order=-gross_clicks',
    'interval=hour&from=2026-10-25&to=2026-10-26&tz=Europe/Berlin&limit=7&order=time',
  ])('has the same rows in JSON, NDJSON and CSV: %s', async (rest) => {
    const query = rest.includes('from=') ? rest : `from=2026-09-28&to=2026-11-05&${rest}`;
    const { rows } = await report(query);
    const ndjson = await rowsOf(query, 'ndjson');
    expect(
      ndjson
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
    const names = Object.keys(rows[0] ?? {});
    const csv = await rowsOf(query, 'csv');
    const cell = (value: unknown) => {
      const text = String(value ?? '');
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = rows.map((row) => names.map((name) => cell(row[name])).join());
    expect(csv).toBe([names.join(), ...lines, ''].join('\r\n'));
  });

  it('writes the numbers of Postgres as JavaScript does', () => {
    const row = [recordNumbers('(12,5e-05,,1e+15)'), false];
    const columns = ['clicks', 'ctr', 'skip_rate', 'starts', 'final'];
    expect(rowWriter('csv', columns).write([row])).toBe('12,0.00005,,1000000000000000,false\r\n');
    expect(rowWriter('ndjson', columns).write([row])).toBe(
      '{"clicks":12,"ctr":0.00005,"skip_rate":null,"starts":1000000000000000,"final":false}\n',
    );
  });

  it('has more than 10,000 rows in CSV, and no formulas', async () => {
    await pool.query("UPDATE ads SET campaign = '=1+1' WHERE id = 'ad-3'");
    const csv = await rowsOf(
      'from=2026-07-01&to=2026-11-01&interval=quarter_hour&group_by=campaign&metrics=clicks',
      'csv',
    );
    await pool.query("UPDATE ads SET campaign = 'winter' WHERE id = 'ad-3'");
    const lines = csv.split('\r\n');
    expect(lines.length).toBe(123 * 96 * 3 + 2);
    expect(lines.slice(1, 4)).toEqual([
      '2026-07-01T00:00:00+00:00,,0,false',
      "2026-07-01T00:00:00+00:00,'=1+1,0,false",
      '2026-07-01T00:00:00+00:00,summer,0,false',
    ]);
  });

  it('keeps the range of the first page, although the time goes on', async () => {
    const first = await report('limit=3');
    now += DAY_MS;
    const second = await report(`limit=10&cursor=${first.next_cursor}`).finally(() => {
      now = NOW;
    });
    expect([second.from, second.to, second.rows.length]).toEqual([first.from, first.to, 4]);
  });

  it('refuses a cursor of another query, and one that was changed', async () => {
    const { next_cursor } = await report('limit=3&order=-clicks&group_by=ad');
    const text = Buffer.from(String(next_cursor), 'base64url').toString();
    const changed = (part: string | RegExp, to: string) => Buffer.from(text.replace(part, to)).toString('base64url');
    const ok = 'limit=9&order=-clicks&group_by=ad';
    await expect(report(`${ok}&cursor=${next_cursor}`)).resolves.toMatchObject({ next_cursor: expect.any(String) });
    for (const query of [
      `limit=3&order=clicks&group_by=ad&cursor=${next_cursor}`,
      `limit=3&order=-clicks&group_by=ad&tz=Asia/Kathmandu&cursor=${next_cursor}`,
      `limit=3&order=-clicks&group_by=ad&ad_id=ad-1&cursor=${next_cursor}`,
      `${ok}&cursor=x`,
      `${ok}&cursor=${Buffer.from('[1]').toString('base64url')}`,
      `${ok}&cursor=${changed('"ad-', '"\\u0000')}`,
      `${ok}&cursor=${changed(/"-?\d+","ad-/, '"1x","ad-')}`,
      `${ok}&cursor=${changed(/"\d+",/, '"-1",')}`,
    ]) {
      await expect(report(query)).rejects.toMatchObject({
        status: 400,
        details: [{ path: 'cursor', message: expect.stringContaining('cursor must be the next_cursor') }],
      });
    }
  });

  it('has more than 10,000 rows in pages', async () => {
    const query = 'from=2025-01-01&to=2026-11-01&interval=quarter_hour&order=-clicks&metrics=clicks';
    const { rows, next_cursor } = await report(`${query}&limit=10000`);
    expect([rows.length, typeof next_cursor]).toEqual([10_000, 'string']);
  });

  it('cuts hours at changes of the clocks, where an hour is repeated or has half of its length', async () => {
    const hours = async (from: string, to: string, tz: string) =>
      (await report(`from=${from}&to=${to}&interval=hour&tz=${tz}&metrics=clicks`)).rows.map(({ time }) =>
        String(time).slice(11),
      );
    expect((await hours('2026-10-25', '2026-10-26', 'Europe/Berlin')).slice(1, 5)).toEqual([
      '01:00:00+02:00',
      '02:00:00+02:00',
      '02:00:00+01:00',
      '03:00:00+01:00',
    ]);
    expect((await hours('2026-03-29', '2026-03-30', 'Europe/Berlin')).slice(1, 3)).toEqual([
      '01:00:00+01:00',
      '03:00:00+02:00',
    ]);
    expect((await hours('2026-04-05', '2026-04-06', 'Australia/Lord_Howe')).slice(1, 4)).toEqual([
      '01:00:00+11:00',
      '01:30:00+10:30',
      '02:00:00+10:30',
    ]);
  });

  it('has the last week by default, by day', async () => {
    const { from, to, rows } = await report('tz=Europe/Berlin');
    expect({ from, to }).toEqual({ from: '2026-11-14T00:00:00+01:00', to: '2026-11-20T11:15:00+01:00' });
    expect(rows.map(({ time }) => String(time).slice(8, 10))).toEqual(['14', '15', '16', '17', '18', '19', '20']);
  });

  it('has final rows up to the greatest age of an event before the time until which all events are recorded', async () => {
    const finals = async (query: string, maxEventAgeDays?: number) =>
      (JSON.parse(await wholeReport({ database, maxEventAgeDays }, await plan(query))) as Report).rows.map(
        (row) => row.final,
      );
    const days = 'from=2026-11-09&to=2026-11-13';
    await noteRecorded(database, Date.UTC(2026, 10, 18) - 1);
    expect(await finals(days, 7)).toEqual([true, false, false, false]);
    await noteRecorded(database, Date.UTC(2026, 10, 18));
    expect(await finals(days, 7)).toEqual([true, true, false, false]);
    expect(await finals('from=2026-11-01&to=2026-11-11&interval=month', 7)).toEqual([true]);
    expect(await finals('from=2026-11-01&to=2026-11-11T00:15:00Z&interval=total', 7)).toEqual([false]);
    expect(await finals(`${days}&order=-time`, 7)).toEqual([false, false, true, true]);
    expect(await finals(days)).toEqual([false, false, false, false]);
    await pool.query('UPDATE report_backfill SET next_id = gen_random_uuid()');
    expect(await finals(days, 7)).toEqual([false, false, false, false]);
    await pool.query('UPDATE report_backfill SET next_id = NULL');
  });

  it('names the rules of invalid traffic that were in force in its range, newest first', async () => {
    await pool.query(
      `INSERT INTO invalid_traffic_rules (decided_by, hash, rules, since, until) VALUES
         ('ingest', 'i1', '{"isbot": "5.2.3", "user_agents": {"include": ["mine"]}}', '2026-11-01T10:00Z', '2026-11-03T10:00:00.4Z'),
         ('ingest', 'i2', '{"isbot": "5.2.4"}', '2026-11-03T10:00Z', now() + interval '1 day'),
         ('gate', 'g1', '{"flood_per_hour": 30}', '2026-11-02T10:00Z', '2026-11-02T10:00Z')`,
    );
    const rules = async (range: string) => (await report(`${range}&tz=Europe/Berlin&metrics=clicks`)).invalid_traffic;
    const [one, two] = [
      { hash: 'i1', since: '2026-11-01T11:00:00+01:00', until: '2026-11-03T11:00:00+01:00', isbot: '5.2.3' },
      { hash: 'i2', since: '2026-11-03T11:00:00+01:00', until: null, isbot: '5.2.4' },
    ];
    const gate = [
      { hash: 'g1', since: '2026-11-02T11:00:00+01:00', until: '2026-11-02T11:00:00+01:00', flood_per_hour: 30 },
    ];
    const hash = expect.any(String);
    expect(await rules('from=2026-10-30&to=2026-11-01')).toEqual({ hash, ingest: [], gate: [] });
    expect(await rules('from=2026-11-01&to=2026-11-03')).toEqual({ hash, ingest: [one], gate });
    expect(await rules('from=2026-11-03&to=2026-11-04')).toEqual({ hash, ingest: [two, one], gate: [] });
    expect(await rules('from=2026-11-04')).toEqual({ hash, ingest: [two], gate: [] });
    const hashes = ['from=2026-11-01&to=2026-11-03', 'from=2026-11-02&to=2026-11-03', 'from=2026-11-04'].map(rules);
    const [same, equal, other] = (await Promise.all(hashes)).map((found) => found.hash);
    expect([same === equal, same === other]).toEqual([true, false]);
  });

  it('begins weeks on Monday', async () => {
    const { rows } = await report('from=2026-11-11&to=2026-11-18&interval=week');
    expect(rows.map(({ time }) => time)).toEqual(['2026-11-09T00:00:00+00:00', '2026-11-16T00:00:00+00:00']);
  });

  it('filters by ad, campaign and advertiser', async () => {
    const total = async (filter: string) =>
      (await report(`from=2011-01-01&to=2026-11-20&interval=total&${filter}`)).rows[0]?.impressions;
    const byAd = await report('from=2011-01-01&to=2026-11-20&interval=total&group_by=ad');
    const impressions = (...ids: string[]) =>
      byAd.rows.reduce((sum, row) => sum + (ids.includes(String(row.ad)) ? Number(row.impressions) : 0), 0);
    expect(await total('ad_id=ad-1&ad_id=ad-4')).toBe(impressions('ad-1', 'ad-4'));
    expect(await total('campaign=summer')).toBe(impressions('ad-1', 'ad-2'));
    expect(await total('advertiser=acme&campaign=winter')).toBe(impressions('ad-3'));
    expect(await total('campaign=none')).toBe(0);
    const byPlacement = await report('from=2011-01-01&to=2026-11-20&interval=total&group_by=placement');
    const at = (...values: string[]) =>
      byPlacement.rows.reduce(
        (sum, row) => sum + (values.includes(String(row.placement)) ? Number(row.impressions) : 0),
        0,
      );
    expect(at('top')).toBeGreaterThan(0);
    expect(await total('placement=top&placement=(other)')).toBe(at('top', '(other)'));
    expect(await total('group_by=placement&placement=top')).toBe(at('top'));
  });

  it.each([
    ['from=2026-11-02&to=2026-11-01', 'from must be before to'],
    ['from=2026-11-01&to=2026-11-01', 'from must be before to'],
    ['from=yesterday', 'from must be a date, such as 2026-11-01, or a time with an offset'],
    ['from=2026-02-30', 'from must be a date'],
    ['from=2026-11-01T10:00:00', 'from must be a date'],
    ['to=2026-11-01T10:07:00Z', 'to must be a whole quarter of an hour'],
    ['from=1969-12-01', 'from must be between 1970 and 2100'],
    ['interval=month&to=9999-01-01', 'to must be between 1970 and 2100'],
    ['to=%2B275760-09-13T00:00:00Z', 'to must be between 1970 and 2100'],
    ['tz=Mars/Olympus', 'tz must be an IANA time zone'],
    ['tz=%2B01:00', 'tz must be an IANA time zone'],
    ['metrics=clicks,likes', 'metrics must be a comma-separated list of clicks, impressions'],
    ['group_by=colour', 'group_by must be a comma-separated list of ad, campaign, advertiser'],
    ['interval=year', 'interval must be one of'],
    ['camapign=summer', 'unknown parameter; reports have the parameters from, to, tz'],
    ['from=2025-01-01&to=2026-11-01&interval=quarter_hour', 'the report has more than 10000 rows'],
    ['from=2026-10-01&to=2026-11-01&interval=hour&group_by=ad&tz=UTC&from=2', 'from must be a string'],
    [
      'interval=minute&from=2026-11-01&to=2026-11-02',
      'from must not be before 2026-11-18T08:07:00+00:00 with interval=minute',
    ],
    ['from=1990-01-01&interval=quarter_hour&limit=10', 'the report has more than 100000 intervals'],
    ['limit=0', 'limit must be greater than or equal to 1'],
    ['limit=10001', 'limit must be less than or equal to 10000'],
    ['order=likes', 'order must be one of time, ad, campaign, advertiser, placement'],
    ['order=ad', 'order cannot be ad without group_by=ad'],
    ['order=-time&interval=total', 'order cannot be time with interval=total'],
    ['interval=minute&order=average_play_time', 'order cannot be average_play_time with interval=minute'],
    ['group_by=placement,device', 'the report can group or filter by one of placement, source, device, country'],
    ['group_by=placement&error_code=303', 'not by placement and error_code'],
    ['group_by=placement&interval=minute', 'cannot group or filter by placement with interval=minute'],
    ['group_by=verdict&placement=top', 'not by placement and verdict'],
    ['verdict=human', 'verdict must be one of [valid, listed_ip,'],
    ['interval=minute&metrics=gross_clicks', 'metrics must not contain gross_clicks if interval=minute'],
    ['interval=minute&metrics=average_play_time', 'metrics must not contain average_play_time if interval=minute'],
  ])('refuses %s with a 400 that says what is wrong', async (query, message) => {
    await expect(report(query)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });
});
