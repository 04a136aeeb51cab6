import { buildDays, createLedger, type Database, type RecordingDatabase, wantDays } from '@ads/ledger';
import { openPool, openTestServers, waitFor } from '@ads/local';
import { type AdEvent, type EventKind, LEAST_MINUTES_KEPT, type MetricName, uuidv7 } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { compareRollups } from '../../../infra/harness/src/exactness/rollups.js';
import { openDatabase } from '../../../packages/ledger/test/servers.js';
import { seeded } from '../../../packages/models/test/seeded.js';
import { createDayOffsets } from '../src/report/day-offsets.js';
import { planReport } from '../src/report/plan-report.js';
import { type ReportRow, reportStatement } from '../src/report/read-report.js';
import { recordNumbers } from '../src/row-formats.js';

const testServers = openTestServers();
afterAll(testServers.release);

/** The clocks change in the range in Berlin. */
const RANGE = { from: '2026-03-26', to: '2026-04-02' };
const ZONES = ['UTC', 'Asia/Kathmandu', 'Europe/Berlin'];
const FIRST = Date.parse('2026-03-25');
const LAST = Date.parse('2026-04-03');
const HOUR_MS = 3_600_000;
const KINDS: readonly EventKind[] = ['click', 'impression', 'impression', 'start', 'complete', 'error', 'pause'];

let pool: pg.Pool;
let database: RecordingDatabase;
let record: (events: readonly AdEvent[]) => Promise<unknown>;
const random = seeded(12);
const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;

const planned = (query: string) => planReport(query, { now: LAST, readOldestMinute: async () => 0 });

function randomEvents(count: number): AdEvent[] {
  return Array.from({ length: count }, () => {
    const kind = pick(KINDS);
    return {
      kind,
      id: uuidv7(LAST),
      adId: pick(['ad-001', 'ad-002', 'ad-003']),
      ip: '203.0.113.9',
      occurredAt: Math.floor(FIRST + random() * (LAST - FIRST)),
      receivedAt: LAST,
      ...(kind === 'click' ? { playTimeMs: Math.floor(random() * 100_000) } : {}),
      ...(random() < 0.9 ? {} : { verdict: 'bot' as const }),
    };
  });
}

beforeAll(async () => {
  const env = await testServers.database();
  pool = openPool(env, { max: 12 });
  testServers.onRelease(() => pool.end());
  database = openDatabase(testServers, env);
  const shardOf = () => {
    throw new Error('none');
  };
  const ledger = createLedger({
    maxLabelValues: 3,
    minutesKept: LEAST_MINUTES_KEPT,
    database,
    store: { shards: () => [], shardOf },
    now: () => LAST,
    onRaiseFailure: () => undefined,
  });
  record = (events) => ledger.recordQueued(events);
});

/** The groupings of reports, in SQL. */
const GROUPS = { '': "''", ad: 'ad_id', verdict: "CASE WHEN verdict IS NULL THEN 'valid' ELSE 'bot' END" };
type Group = keyof typeof GROUPS;

/** The metrics of a row by name. */
function metricsOf(row: ReportRow, names: readonly MetricName[]) {
  const { numbers } = recordNumbers(row.metrics);
  const values = numbers.split(',').map((number) => (number === '' ? null : Number(number)));
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? null]));
}

/** Rows of a report and a count of the stored events, in one snapshot. */
async function expectExact(client: pg.ClientBase, tz: string, interval: string, groupBy: Group): Promise<void> {
  const plan = await planned(
    `from=${RANGE.from}&to=${RANGE.to}&interval=${interval}&tz=${tz}&group_by=${groupBy}&metrics=clicks,impressions,starts,completes,errors,gross_clicks,invalid_impressions,average_play_time`,
  );
  const [text, values] = reportStatement({ ...plan, most: null });
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const { rows } = await client.query(text, values);
  const { rows: should } = await client.query(
    `SELECT ${interval === 'total' ? "''" : `to_char(date_trunc('${interval}', occurred_at, $3) AT TIME ZONE $3, 'YYYY-MM-DD')`} AS day,
       ${GROUPS[groupBy]} AS "group", ${['click', 'impression', 'start', 'complete', 'error'].map((kind) => `count(*) FILTER (WHERE kind = '${kind}' AND verdict IS NULL)::float8 AS ${kind}`).join(', ')},
       count(*) FILTER (WHERE kind = 'click')::float8 AS gross_clicks,
       count(*) FILTER (WHERE kind = 'impression' AND verdict IS NOT NULL)::float8 AS invalid_impressions,
       count(play_time_ms) FILTER (WHERE verdict IS NULL)::integer AS play_times,
       sum(play_time_ms) FILTER (WHERE verdict IS NULL)::float8 AS play_time
     FROM ad_events
     WHERE occurred_at >= ($1::timestamp AT TIME ZONE $3) AND occurred_at < ($2::timestamp AT TIME ZONE $3)
     GROUP BY 1, 2`,
    [RANGE.from, RANGE.to, tz],
  );
  await client.query('COMMIT');
  const playTimes = new Map(should.map(({ day, group, play_times: number }) => [`${day} ${group}`, Number(number)]));
  const found = rows.map((row) => {
    const day = interval === 'total' ? '' : plan.parts[row.part]?.time.slice(0, 10);
    const group = row.ad ?? row.event_label ?? '';
    const { average_play_time: mean, ...counts } = metricsOf(row, plan.metrics);
    return [
      day,
      group,
      ...Object.values(counts),
      // The sum, which is a whole number of milliseconds: two ways to compute a mean differ in its last digits.
      typeof mean !== 'number' ? null : Math.round(1_000 * mean * (playTimes.get(`${day} ${group}`) ?? 0)),
    ];
  });
  const counted = found.filter((row) => row.slice(2).some((count) => count !== 0 && count !== null));
  const wanted = should
    .map(({ play_times: _number, ...row }) => Object.values(row))
    .filter((row) => row.slice(2).some((count) => count !== '0' && count !== 0 && count !== null));
  expect(counted.map((row) => row.join()).sort()).toEqual(wanted.map((row) => row.join()).sort());
}

/** Makes steps until nothing is left. */
async function build(now: number): Promise<void> {
  await withClient(async (client) => {
    while ((await buildDays(client, now)) !== 'done');
  });
}

async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  client.on('error', () => undefined);
  return await work(client).finally(() => client.release(true));
}

/** Makes a step whose connection ends before its nth statement, if it has so many. */
async function stepUntil(nth: number, now: number): Promise<string> {
  return await withClient(async (client) => {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    let statements = 0;
    const query = async (...statement: Parameters<pg.ClientBase['query']>) => {
      statements += 1;
      if (statements === nth) await pool.query('SELECT pg_terminate_backend($1, 10000)', [rows[0].pid]);
      return await client.query(...statement);
    };
    return await buildDays({ query } as unknown as pg.ClientBase, now).catch(() => `killed before ${nth}`);
  });
}

const daysOf = async (text: string) => (await pool.query(text)).rows;
const BUILT = 'SELECT remainder FROM day_offsets WHERE built_from < built_until ORDER BY 1';

describe('the counts per day', () => {
  it('are not built while a recorder is busy that does not mark its late events', async () => {
    await wantDays(database, [0]);
    await record(randomEvents(50));
    await withClient(async (recorder) => {
      await recorder.query('BEGIN');
      await recorder.query('SELECT FROM day_tier');
      expect(await withClient((builder) => buildDays(builder, LAST))).toBe('busy');
      await recorder.query('COMMIT');
    });
    expect(await withClient((builder) => buildDays(builder, FIRST))).toBe('worked');
  });

  it('give exact reports while events arrive late, days are built, and builders are killed', async () => {
    const offsets = new Set<number>();
    for (const tz of ZONES) {
      const { days } = await planned(`from=${RANGE.from}&to=${RANGE.to}&tz=${tz}`);
      for (const day of days) offsets.add(day % 96);
    }
    await wantDays(database, [...offsets]);
    let isBuilt = false;
    let recording = 3;
    const recorders = Array.from({ length: 3 }, async () => {
      while (!isBuilt) await record(randomEvents(Math.ceil(random() * 20)));
      recording -= 1;
    });
    const steps = new Set<string>();
    const builder = withClient(async (client) => {
      for (let now = FIRST; recording > 0; ) {
        const step =
          random() < 0.3 ? await stepUntil(1 + Math.floor(random() * 12), now) : await buildDays(client, now);
        steps.add(step);
        if (step !== 'done') continue;
        isBuilt = now === LAST;
        now = Math.min(now + 24 * HOUR_MS, LAST);
      }
      while ((await buildDays(client, LAST)) !== 'done');
    });
    const reader = withClient(async (client) => {
      do {
        await expectExact(client, pick(ZONES), pick(['day', 'week', 'total']), pick<Group>(['', 'ad', 'verdict']));
      } while (recording > 0);
    });
    await Promise.all([...recorders, builder, reader]);
    expect(steps.size).toBeGreaterThan(4);
    expect(await compareRollups(pool, Date.now())).toEqual([]);
    expect(await daysOf('SELECT FROM late_quarter_hours')).toEqual([]);
    expect((await daysOf(BUILT)).map(({ remainder }) => remainder)).toEqual([...offsets].sort((one, two) => one - two));
    await withClient(async (client) => {
      for (const tz of ZONES) await expectExact(client, tz, 'day', 'ad');
      await expectExact(client, 'UTC', 'week', 'verdict');
    });
  });

  it('are read instead of the quarter-hours, except of ads and days with late events', async () => {
    // More than any day has.
    const planted = 1_000_000;
    await pool.query('UPDATE counts_per_day SET clicks = $1', [planted]);
    const query = 'from=2026-03-26&to=2026-03-27&tz=Asia/Kathmandu&metrics=clicks&group_by=ad';
    const clicks = async () => {
      const [text, values] = reportStatement({ ...(await planned(query)), most: null });
      return (await pool.query(text, values)).rows.map((row) => Number(row.metrics.slice(1, -1)));
    };
    expect(await clicks()).toEqual([planted, planted, planted]);
    const at = Date.parse('2026-03-26T23:59:59+05:45');
    await record([{ ...(randomEvents(1)[0] as AdEvent), kind: 'click', adId: 'ad-002', occurredAt: at }]);
    expect(await clicks()).toEqual([planted, expect.any(Number), planted]);
    expect((await clicks())[1]).toBeLessThan(planted);
    await build(LAST);
    expect((await clicks())[1]).toBeLessThan(planted);
    // The first bucket that is not late.
    const [{ late_before }] = await daysOf('SELECT late_before FROM day_tier');
    await record([{ ...(randomEvents(1)[0] as AdEvent), occurredAt: late_before * 900_000 }]);
    expect(await daysOf('SELECT FROM late_quarter_hours')).toEqual([]);
    await record([{ ...(randomEvents(1)[0] as AdEvent), occurredAt: late_before * 900_000 - 1 }]);
    expect(await daysOf('SELECT FROM late_quarter_hours')).toHaveLength(1);
  });

  it('are removed after 30 days in which no report asked for them', async () => {
    await pool.query("UPDATE day_offsets SET asked_at = now() - interval '31 days' WHERE remainder <> 0");
    await build(LAST);
    expect(await daysOf(BUILT)).toEqual([{ remainder: 0 }]);
    expect(await daysOf('SELECT DISTINCT start_quarter_hour % 96 AS remainder FROM counts_per_day')).toEqual([
      { remainder: 0 },
    ]);
  });

  it('are asked for once an hour per offset, and again after a failure', async () => {
    let time = LAST;
    let answers = 0;
    const counting: Database = {
      query: <R extends object>(operation: string, text: string, values?: readonly unknown[]) =>
        database.query<R>(operation, text, values).finally(() => {
          answers += 1;
        }),
    };
    const ask = createDayOffsets(counting, () => time);
    /** Asks, and waits for the answer if the database is asked. */
    const asks = async (days: readonly number[]) => {
      const before = answers;
      ask(days);
      return await waitFor(() => answers > before, { what: 'an answer', timeoutMs: 200, intervalMs: 5 }).then(
        () => true,
        () => false,
      );
    };
    await pool.query('ALTER TABLE day_offsets RENAME TO away');
    expect(await asks([96, 199, 192])).toBe(true);
    await pool.query('ALTER TABLE away RENAME TO day_offsets');
    expect(await asks([96, 199])).toBe(true);
    expect(await daysOf('SELECT remainder FROM day_offsets WHERE remainder IN (0, 7)')).toHaveLength(2);
    time += HOUR_MS - 1;
    expect(await asks([199, 0])).toBe(false);
    expect(await asks([-96, 1, 0])).toBe(true);
    time += 1;
    expect(await asks([7])).toBe(true);
  });

  it('are built for a limited number of offsets', async () => {
    await wantDays(
      database,
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    for (let remainder = 40; remainder < 50; remainder += 1) await wantDays(database, [remainder, 0]);
    expect((await daysOf('SELECT max(remainder), count(*)::integer FROM day_offsets'))[0]).toEqual({
      max: 42,
      count: 24,
    });
  });
});
