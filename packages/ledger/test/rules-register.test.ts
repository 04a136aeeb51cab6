import { openTestServers } from '@ads/local';
import { decisionRules } from '@ads/models';
import { afterAll, expect, it } from '@jest/globals';
import { createRulesRegister, readRules } from '../src/index.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const MINUTE = 60_000;
const a = decisionRules('gate', { flood_per_hour: 1 });
const b = decisionRules('gate', { flood_per_hour: 2 });

it('equal rules have equal hashes, and others have not', () => {
  expect(decisionRules('gate', { flood_per_hour: 1 })).toEqual(a);
  expect(new Set([a, b, decisionRules('ingest', { flood_per_hour: 1 })].map(({ hash }) => hash)).size).toBe(3);
});

it('registers when rules were in force, to the minute, whatever happens to Postgres', async () => {
  const database = openDatabase(testServers, await testServers.database());
  const warnings: unknown[] = [];
  let time = 0;
  let rules = [a];
  const start = () =>
    createRulesRegister({
      database,
      inForce: () => rules,
      logger: { warn: (_text, { event }) => void warnings.push(event) },
      now: () => time,
    });
  const begin = Date.now();
  /** The rules that were in force at a time in minutes before now, with their periods in whole minutes. */
  const held = async (from = -90, to = 1) =>
    (await readRules(database, { from: Date.now() + from * MINUTE, to: Date.now() + to * MINUTE }, 10)).map(
      ({ decided_by, hash, rules: { flood_per_hour }, since, until }) => {
        expect([decided_by, hash]).toEqual(['gate', flood_per_hour === 1 ? a.hash : b.hash]);
        const ago = (at: number) => Math.round((at - begin) / MINUTE);
        return [flood_per_hour, ago(since), until === null ? null : ago(until)];
      },
    );
  const wait = async (minutes: number) => {
    await database.query(
      'test',
      `UPDATE invalid_traffic_rules SET since = since - $1 * interval '1 min', until = until - $1 * interval '1 min'`,
      [minutes],
    );
    time += minutes * MINUTE;
  };

  const check = start();
  await check();
  expect(await held()).toEqual([[1, 0, null]]);
  // A second process at the same time, whose period is stored a second time by a race.
  await start()();
  await database.query(
    'test',
    'INSERT INTO invalid_traffic_rules (decided_by, hash, rules, since, until) SELECT decided_by, hash, rules, since, until FROM invalid_traffic_rules',
  );
  expect(await held()).toEqual([[1, 0, null]]);

  // Nothing is written before a minute has passed.
  await wait(0.9);
  await check();
  expect(
    (await database.query('test', "SELECT FROM invalid_traffic_rules WHERE until > now() - interval '30 s'")).length,
  ).toBe(0);
  await wait(9.1);
  expect(await held()).toEqual([[1, -10, -10]]);
  await check();
  // The clock of the process may be faster than that of Postgres.
  const starts = () => database.query('test', 'SELECT since FROM invalid_traffic_rules');
  const before = await starts();
  time += 65_000;
  await check();
  expect(await starts()).toEqual(before);
  expect(await held()).toEqual([[1, -10, null]]);

  await database.query('test', 'ALTER TABLE invalid_traffic_rules RENAME TO away');
  rules = [b];
  await check();
  time += 10_000;
  await check();
  expect(warnings).toEqual(['invalid_traffic.rules_not_registered']);
  await database.query('test', 'ALTER TABLE away RENAME TO invalid_traffic_rules');
  await wait(20);
  await check();
  expect(await held()).toEqual([
    [2, -20, null],
    [1, -30, -20],
  ]);
  // Rules that return after a while have a new period, and a range has the rules that overlap it.
  rules = [a];
  await check();
  expect(await held()).toEqual([
    [1, 0, null],
    [2, -20, null],
    [1, -30, -20],
  ]);
  await wait(5);
  expect(await held()).toEqual([
    [1, -5, -5],
    [2, -25, -5],
    [1, -35, -25],
  ]);
  expect(await held(-34, -26)).toEqual([[1, -35, -25]]);
  expect(await held(-90, -36)).toEqual([]);
  await check();
  // A process that starts again continues the period.
  await wait(2);
  await start()();
  expect((await held())[0]).toEqual([1, -7, null]);
});
