import { randomUUID } from 'node:crypto';
import { openPool, openTestServers, type Variables } from '@ads/local';
import { derivedId, perKind, uuidv7 } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, noteRecorded, removeOldEvents } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const DAY = 86_400_000;
const now = Date.now();
const today = Math.floor(now / DAY) * DAY;
const KEPT = 30;
/** At this time the ids of yesterday and today are too old to be kept, and events that were received until yesterday. */
const LATER = today + (KEPT + 1) * DAY;

let database: Database;
let variables: Variables;
beforeEach(async () => {
  variables = await testServers.database();
  database = openDatabase(testServers, variables);
});

const nameOf = (time: number) => `ad_events_${new Date(time).toISOString().slice(0, 10).replace(/-/g, '')}`;
const defaultOf = (time: number) => `ad_events_default_${new Date(time).getUTCFullYear()}`;
const exists = async (table: string) =>
  (await database.query<{ found: boolean }>('test', `SELECT to_regclass('${table}') IS NOT NULL AS found`))[0]?.found;
/** A click whose id has another version than 7, and begins with a time by chance. */
const chance = (time: number, receivedAt = today) =>
  click(now, { id: `${uuidv7(time).slice(0, 14)}4${randomUUID().slice(15)}`, receivedAt });
const foreign = (receivedAt = today) => click(now, { id: `f${randomUUID().slice(1)}`, receivedAt });
const places = async () =>
  Object.fromEntries(
    (
      await database.query<{ id: string; place: string }>(
        'test',
        'SELECT id, tableoid::regclass AS place FROM ad_events',
      )
    ).map(({ id, place }) => [id, place]),
  );
const clicksCounted = async () =>
  (await database.query<{ clicks: number }>('test', 'SELECT sum(clicks)::bigint AS clicks FROM ad_totals'))[0]?.clicks;
const progress = async () =>
  (await database.query<{ dropping: string | null; next_page: number }>('test', 'TABLE event_retention'))[0];

/** Inserts clicks of today without the ledger. Their ids have another version than 7 where `version` says so. */
async function fillToday(count: number, version: 4 | 7): Promise<void> {
  await database.query(
    'test',
    `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at)
     SELECT overlay(overlay($1 PLACING $2 FROM 15) PLACING lpad(n::text, 12, '0') FROM 25)::uuid, 'click', 'ad-001', '203.0.113.9',
            now(), now()
     FROM generate_series(1, $3::integer) n`,
    [uuidv7(today + version), String(version), count],
  );
}

describe('the removal of old events', () => {
  it('drops the partitions of old days, keeps events that may be repeated, and keeps all counts', async () => {
    const [old, young] = [click(now, { id: uuidv7(today + DAY - 1) }), click(now, { id: uuidv7(today + DAY) })];
    const [chanceOld, chanceYoung, chanceLate] = [chance(today, today - DAY - 1), chance(today), chance(today)];
    const [foreignOld, foreignYoung] = [foreign(today - DAY - 1), foreign()];
    const pixel = click(now, { id: derivedId(today, ['a pixel']) });
    await recordBatch(database, [old, young, chanceOld, chanceYoung, foreignOld, foreignYoung, pixel]);
    await noteRecorded(database, LATER);
    const watched: Database = {
      async query(operation, text, values) {
        const state = await progress();
        // One more is recorded after the partition was searched.
        if (state?.dropping === nameOf(today) && state.next_page > 0) await recordBatch(database, [chanceLate]);
        return await database.query(operation, text, values);
      },
    };
    expect(await removeOldEvents(watched, KEPT)).toEqual({ dropped: true, deleted: 1 });
    const days = [today - DAY, today, today + DAY].map((day) => exists(nameOf(day)));
    expect(await Promise.all(days)).toEqual([false, false, true]);
    expect(await places()).toEqual({
      [young.id]: nameOf(today + DAY),
      [chanceYoung.id]: defaultOf(today),
      [chanceLate.id]: defaultOf(today),
      [foreignYoung.id]: 'ad_events_foreign',
    });
    expect(await clicksCounted()).toBe(8);
    const repeated = [young, chanceYoung, chanceLate, foreignYoung];
    expect((await recordBatch(database, repeated)).added).toEqual(perKind(() => 0));
    expect(await removeOldEvents(database, KEPT)).toEqual({ dropped: false, deleted: 0 });

    await noteRecorded(database, LATER + 2 * DAY);
    expect(await removeOldEvents(database, KEPT)).toEqual({ dropped: true, deleted: 3 });
    expect(await places()).toEqual({});
    expect(await clicksCounted()).toBe(8);
  });

  it('records an event of a removed day once, and makes no partition for it', async () => {
    await noteRecorded(database, LATER);
    await removeOldEvents(database, KEPT);
    const late = [click(now, { id: uuidv7(today) }), click(now, { id: uuidv7(today + 1) })];
    expect((await recordBatch(database, late)).added.click).toBe(2);
    expect((await recordBatch(database, late)).added.click).toBe(0);
    expect(Object.values(await places())).toEqual([defaultOf(today), defaultOf(today)]);
    expect(await clicksCounted()).toBe(2);
  });

  it('continues where it was killed, beside live recording', async () => {
    await fillToday(5_000, 7);
    const kept = Array.from({ length: 40 }, (_, index) => chance(today + index));
    await recordBatch(database, kept);
    await noteRecorded(database, LATER);
    const victims = openPool(variables, { max: 1 });
    victims.on('error', () => undefined);
    testServers.onRelease(() => victims.end());
    const killed: Database = {
      query: async (_operation, text, values) => (await victims.query(text, [...(values ?? [])])).rows,
    };
    let kills = 0;
    let left = true;
    const removing = (async () => {
      while (left) {
        await removeOldEvents(killed, KEPT, { pagesPerStep: 3 }).catch(() => undefined);
        left = (await exists(nameOf(today))) === true;
      }
    })();
    while (left) {
      const one = chance(today);
      kept.push(one);
      expect((await recordBatch(database, [one, ...kept.slice(0, 5)])).added.click).toBe(1);
      const found = await rows(
        database,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '-- One step of dropping%' AND pid <> pg_backend_pid()`,
      );
      kills += found.length;
      // Some steps must come through between the kills.
      await database.query('test', 'SELECT pg_sleep(0.05)');
    }
    await removing;
    expect(kills).toBeGreaterThan(1);
    await removeOldEvents(database, KEPT);
    expect(Object.keys(await places()).sort()).toEqual(kept.map(({ id }) => id).sort());
    expect(await clicksCounted()).toBe(kept.length);
  });

  it('empties a partition in steps if it holds too many events that may be repeated', async () => {
    await fillToday(10_001, 4);
    await noteRecorded(database, LATER);
    await removeOldEvents(database, KEPT);
    expect(new Set(Object.values(await places()))).toEqual(new Set([`${nameOf(today)}_kept`]));
    expect((await recordBatch(database, [chance(today)])).added.click).toBe(1);
    await noteRecorded(database, LATER + 2 * DAY);
    expect(await removeOldEvents(database, KEPT)).toEqual({ dropped: true, deleted: 10_002 });
    expect(await places()).toEqual({});
  });

  it('waits until every event of the time is recorded, and counted for reports', async () => {
    const nothing = { dropped: false, deleted: 0 };
    await recordBatch(database, [click(now, { id: uuidv7(today) }), foreign(0)]);
    expect(await removeOldEvents(database, KEPT)).toEqual(nothing);
    await noteRecorded(database, LATER - 1);
    await noteRecorded(database, 1);
    await rows(database, "UPDATE report_backfill SET next_id = '00000000-0000-0000-0000-000000000000'");
    expect(await removeOldEvents(database, KEPT)).toEqual(nothing);
    await rows(database, 'UPDATE report_backfill SET next_id = NULL');
    expect(await removeOldEvents(database, KEPT)).toEqual({ dropped: true, deleted: 1 });
    expect(await exists(nameOf(today))).toBe(true);
  });

  it('neither waits for long reads of the events nor blocks recording for them', async () => {
    await noteRecorded(database, LATER);
    const reader = await openPool(variables).connect();
    testServers.onRelease(() => reader.release(true));
    await reader.query('BEGIN');
    await reader.query('SELECT FROM ad_events LIMIT 1');
    await removeOldEvents(database, KEPT);
    expect(await exists(nameOf(today - DAY))).toBe(true);
    expect((await recordBatch(database, [click(now)])).added.click).toBe(1);
    await reader.query('COMMIT');
    await removeOldEvents(database, KEPT);
    expect(await exists(nameOf(today))).toBe(false);
  });
});
