import { DAYS_AHEAD, type Database, noteRecorded } from '@ads/ledger';
import { openPool, openTestServers, waitFor } from '@ads/local';
import { LEAST_MINUTES_KEPT } from '@ads/models';
import { createConditions, createMetrics } from '@ads/runtime';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { keepTables } from '../src/keep-tables.js';
import { createRemoval } from '../src/remove-old-events.js';
import { captureLog } from './log.js';

const testServers = openTestServers();
afterAll(testServers.release);

const DAY_MS = 86_400_000;
const nameOf = (time: number) => `ad_events_${new Date(time).toISOString().slice(0, 10).replace(/-/g, '')}`;
const idOf = (time: number) => {
  const digits = Math.floor(time).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
};

/** Type ids of int8 and int4. */
const NUMBERS = [20, 23];
let pool: pg.Pool;
let database: Database;
let events: unknown[];
beforeEach(async () => {
  pool = openPool(await testServers.database());
  const own = pool;
  testServers.onRelease(() => own.end());
  pool.options.types = {
    getTypeParser: (oid: number) => (NUMBERS.includes(oid) ? Number : pg.types.getTypeParser(oid)),
  };
  database = {
    query: async <Row extends object>(_operation: string, text: string, values: readonly unknown[] = []) =>
      (await own.query(text, [...values])).rows as Row[],
  };
});

/** Runs the maintenance of the tables once. Returns the days with partitions and the conditions. */
async function keepOnce(whyNotPrune: () => string | undefined = () => undefined) {
  const { logger, lines } = captureLog();
  const conditions = createConditions(createMetrics('test'), logger);
  let days: number | undefined;
  const stop = keepTables({
    postgres: { ...database, ping: async () => undefined },
    clock: { whyNotPrune },
    minutesKept: LEAST_MINUTES_KEPT,
    remove: async () => undefined,
    condition: conditions.declare('partitions_missing'),
    onDays: (read) => {
      days = read;
    },
    logger,
  });
  await waitFor(() => days !== undefined, { what: 'the days to be read', timeoutMs: 30_000 });
  await stop();
  events = lines.map(({ fields }) => fields.event);
  return { days, conditions: conditions.active() };
}

it('table upkeep prunes and creates the other partitions if one cannot be created, and reports it', async () => {
  const tomorrow = (Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS;
  await pool.query(`DROP TABLE ${nameOf(tomorrow)}, ${nameOf(tomorrow + 5 * DAY_MS)}`);
  const [from, to] = [idOf(tomorrow + DAY_MS / 4), idOf(tomorrow + DAY_MS / 2)];
  await pool.query(`CREATE TABLE in_the_way PARTITION OF ad_events FOR VALUES FROM ('${from}') TO ('${to}')`);
  await pool.query("INSERT INTO counts_per_second SELECT 'ad-001', second, 1 FROM generate_series(1, 25000) second");

  expect(await keepOnce()).toEqual({
    days: 1,
    conditions: { partitions_missing: expect.stringMatching(/^ad_events has no partition for tomorrow: .*in_the_way/) },
  });
  expect(events).toEqual(['tables.partitions_made', 'condition.began', 'tables.step_failed']);
  expect((await pool.query('SELECT FROM counts_per_second')).rowCount).toBe(0);
  expect((await pool.query('SELECT to_regclass($1) AS name', [nameOf(tomorrow + 5 * DAY_MS)])).rows).toEqual([
    { name: nameOf(tomorrow + 5 * DAY_MS) },
  ]);

  await pool.query('DROP TABLE in_the_way');
  expect(await keepOnce()).toEqual({ days: DAYS_AHEAD, conditions: {} });
});

it('table upkeep creates partitions even if pruning fails', async () => {
  const nextWeek = Date.now() + 7 * DAY_MS;
  await pool.query(`DROP TABLE ${nameOf(nextWeek)}`);
  expect(await keepOnce(() => 'the clocks disagree')).toEqual({ days: DAYS_AHEAD, conditions: {} });
  expect(events).toEqual(['tables.partitions_made', 'tables.step_failed']);
});

it('events that are too old are removed once everything is recorded that was accepted before the first attempt', async () => {
  const today = nameOf(Date.now());
  const recorded = Date.now() + 40 * DAY_MS;
  await noteRecorded(database, recorded);
  const { logger, lines } = captureLog();
  const isRemoved = async (firstAttempt: number, whyNotPrune?: string) => {
    const postgres = { ...database, ping: async () => undefined };
    const clock = { now: () => firstAttempt, whyNotPrune: () => whyNotPrune };
    await createRemoval({ postgres, clock, keepDays: 30, logger })(new AbortController().signal);
    return (await pool.query('SELECT to_regclass($1) AS name', [today])).rows[0].name === null;
  };
  expect(await isRemoved(recorded + 1)).toBe(false);
  await expect(isRemoved(recorded, 'the clocks disagree')).rejects.toThrow('the clocks disagree');
  expect(await isRemoved(recorded)).toBe(true);
  expect(lines.map(({ fields }) => fields.event)).toEqual(['tables.events_removed']);
});
