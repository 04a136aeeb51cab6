import { randomUUID } from 'node:crypto';
import { openTestServers } from '@ads/local';
import { type AdEvent, LEAST_MINUTES_KEPT, perKind, uuidv7 } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seeded } from '../../models/test/seeded.js';
import { createLedger, type RecordingDatabase, readIdentity } from '../src/index.js';
import { createLabelValues } from '../src/label-values.js';
import { recordBatch } from '../src/record.js';
import { ADS, click, expectExactRollups, pick, randomEvents, rows, shuffled } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const now = Date.now();
const HOUR = 3_600_000;
let database: RecordingDatabase;
beforeEach(async () => {
  database = openDatabase(testServers, await testServers.database());
});

const ZERO = { impressions: 0, starts: 0, others: 0, play_times: 0 };
const stored = () => rows(database, 'SELECT * FROM ad_events');

describe('recordBatch', () => {
  it('keeps every field of every event', async () => {
    const event = click(now, {
      verdict: 'bot',
      viewer: '-42',
      playTimeMs: 30_999,
      claimedAt: now + 86_400_000,
      occurredAt: now - 1_234,
      ip: '2001:db8::1',
      labels: { session_id: 's', placement: 'top', source: '"\\', device: 'tv', country: 'NP', error_code: '402' },
    });
    const bare: AdEvent = click(now, { kind: 'impression', adId: 'ad-002' });
    await recordBatch(database, [event, bare]);
    expect(await rows(database, 'SELECT *, host(ip) AS ip FROM ad_events ORDER BY kind')).toEqual([
      {
        id: event.id,
        kind: 'click',
        in_reports: true,
        ad_id: 'ad-001',
        ip: '2001:db8::1',
        occurred_at: new Date(event.occurredAt),
        received_at: new Date(now),
        claimed_at: new Date(now + 86_400_000),
        play_time_seconds: 30,
        play_time_ms: 30_999,
        ...event.labels,
        verdict: 3,
        viewer: -42,
      },
      expect.objectContaining({
        kind: 'impression',
        in_reports: true,
        ad_id: 'ad-002',
        claimed_at: null,
        play_time_seconds: null,
        play_time_ms: null,
        session_id: null,
        placement: null,
        error_code: null,
        verdict: null,
        viewer: null,
      }),
    ]);
  });

  it('stores viewers to the last digit', async () => {
    const viewers = ['-9223372036854775808', '9223372036854775807', '9007199254740993', '0'];
    await recordBatch(
      database,
      viewers.map((viewer) => click(now, { viewer })),
    );
    const texts = await database.query<{ viewer: string }>('test', 'SELECT viewer::text FROM ad_events');
    expect(texts.map(({ viewer }) => viewer).sort()).toEqual(viewers.sort());
  });

  it('counts invalid events beside the valid ones, by the verdict of their first delivery', async () => {
    const known = { clicks: 1, impressions: 0, seconds: { clicks: [[expect.any(Number), 1]] } };
    const labels = { placement: 'top' };
    const bot = click(now, { verdict: 'bot', playTimeMs: 5_000, labels });
    const expired = click(now, { adId: 'ad-002', kind: 'impression', verdict: 'expired' });
    const start = click(now, { adId: 'ad-002', kind: 'start', verdict: 'bot' });
    const valid = click(now, { labels });
    // An ad with invalid events only is not taken for an unknown ad.
    const first = await recordBatch(database, [bot, expired, start, valid]);
    expect(first).toMatchObject({ added: { click: 2, impression: 1, start: 1 }, unknownAds: new Set() });
    expect(first.counts).toMatchObject([known, { adId: 'ad-002', clicks: 0, impressions: 0 }]);
    const { verdict: _bot, ...botLater } = bot;
    const later = await recordBatch(database, [
      botLater,
      { ...valid, verdict: 'listed_ip' },
      { ...start, verdict: 'bot' },
    ]);
    expect(later).toMatchObject({ added: perKind(() => 0), counts: [known, {}] });
    expect(
      await rows(
        database,
        `SELECT ad_id, clicks, invalid_clicks, impressions, invalid_impressions, starts, others, invalid_others, play_times
         FROM counts_per_quarter_hour ORDER BY 1`,
      ),
    ).toEqual([
      { ad_id: 'ad-001', clicks: 1, invalid_clicks: 1, ...ZERO, invalid_impressions: 0, invalid_others: 0 },
      { ad_id: 'ad-002', clicks: 0, invalid_clicks: 0, ...ZERO, invalid_impressions: 1, invalid_others: 1 },
    ]);
    expect(
      await rows(
        database,
        `SELECT ad_id, label, value, clicks, invalid_clicks AS invalid, invalid_impressions + invalid_others AS more
         FROM counts_per_label ORDER BY 1, 2, 3`,
      ),
    ).toEqual([
      // The value was not registered.
      { ad_id: 'ad-001', label: 1, value: '(other)', clicks: 1, invalid: 1, more: 0 },
      { ad_id: 'ad-001', label: 6, value: 'bot', clicks: 0, invalid: 1, more: 0 },
      { ad_id: 'ad-002', label: 6, value: 'bot', clicks: 0, invalid: 0, more: 1 },
      { ad_id: 'ad-002', label: 6, value: 'expired', clicks: 0, invalid: 0, more: 1 },
    ]);
    await expectExactRollups(database);
  });

  it('stores ad ids with any characters, and returns them unchanged', async () => {
    const ids = ['NULL', 'a"b', 'a\\b', '\\"', 'a,b', "'", '%s', '\\u0041'];
    await database.query('test', "INSERT INTO ads SELECT id, '', '' FROM unnest($1::text[]) id", [ids]);
    const { counts, unknownAds } = await recordBatch(
      database,
      [...ids, '","', '\\'].map((adId) => click(now, { adId })),
    );
    expect(counts.map(({ adId, clicks }) => [adId, clicks])).toEqual(expect.arrayContaining(ids.map((id) => [id, 1])));
    expect(counts).toHaveLength(ids.length);
    expect(unknownAds).toEqual(new Set(['","', '\\']));
    expect((await rows(database, 'SELECT ad_id FROM ad_events')).map((row) => Object.values(row)[0])).toEqual(
      expect.arrayContaining(ids),
    );
  });

  it('never mixes up the values of different fields', async () => {
    const forged = '203.0.113.9","203.0.113.10';
    await expect(recordBatch(database, [click(now, { ip: forged }), click(now)])).rejects.toMatchObject({
      code: '22P02',
    });
    expect(await stored()).toEqual([]);
  });

  it('stores each play time with its click, also if some or all clicks have none', async () => {
    const times = [undefined, 7, undefined, 0, undefined];
    await recordBatch(
      database,
      times.map((playTimeMs, index) =>
        click(now, {
          ip: `203.0.113.${index}`,
          ...(playTimeMs === undefined ? {} : { playTimeMs, claimedAt: now + playTimeMs }),
        }),
      ),
    );
    await recordBatch(database, [click(now, { ip: '203.0.113.5' })]);
    expect(
      await rows(database, 'SELECT play_time_ms AS time, claimed_at AS claimed FROM ad_events ORDER BY ip'),
    ).toEqual(
      [...times, undefined].map((time) => ({
        time: time ?? null,
        claimed: time === undefined ? null : new Date(now + time),
      })),
    );
  });

  it('accepts an empty batch', async () => {
    const ledger = await readIdentity(database);
    expect(await recordBatch(database, [])).toEqual({
      ledger,
      counts: [],
      added: perKind(() => 0),
      invalid: [],
      repeated: new Set(),
      unknownAds: new Set(),
    });
  });

  it('counts new events once, and returns absolute counts, not increments', async () => {
    const ledger = await readIdentity(database);
    const second = Math.floor(now / 1_000);
    const minute = Math.floor(now / 60_000);
    const first = [click(now), click(now), click(now, { kind: 'impression' })];
    const expected = (clicks: number, impressions: number) => [
      {
        adId: 'ad-001',
        clicks,
        impressions,
        seconds: { clicks: [[second, clicks]], impressions: [[second, impressions]] },
        minutes: { clicks: [[minute, clicks]], impressions: [[minute, impressions]] },
      },
    ];
    expect(await recordBatch(database, first)).toEqual({
      ledger,
      counts: expected(2, 1),
      added: { ...perKind(() => 0), click: 2, impression: 1 },
      invalid: [],
      repeated: new Set(),
      unknownAds: new Set(),
    });
    // A repeated batch adds nothing, but returns its counts, which repairs a lost raise.
    expect(await recordBatch(database, first)).toEqual({
      ledger,
      counts: expected(2, 1),
      added: perKind(() => 0),
      invalid: [],
      repeated: new Set(),
      unknownAds: new Set(),
    });
    expect(await recordBatch(database, [...first, click(now)])).toEqual({
      ledger,
      counts: expected(3, 1),
      added: { ...perKind(() => 0), click: 1, impression: 0 },
      invalid: [],
      repeated: new Set(),
      unknownAds: new Set(),
    });
    expect(await stored()).toHaveLength(4);
    await expectExactRollups(database);
  });

  it('counts an id once if it occurs twice in one batch', async () => {
    const once = click(now);
    const { added, counts } = await recordBatch(database, [
      once,
      once,
      { ...once, occurredAt: now - HOUR },
      click(now),
    ]);
    expect(added).toEqual({ ...perKind(() => 0), click: 2, impression: 0 });
    expect(counts[0]?.clicks).toBe(2);
    await expectExactRollups(database);
  });

  it('ignores a repeated id with another time or ad, and keeps the first event', async () => {
    const once = click(now - HOUR);
    await recordBatch(database, [once]);
    const { added } = await recordBatch(database, [
      { ...once, occurredAt: now },
      { ...once, adId: 'ad-002' },
    ]);
    expect(added).toEqual(perKind(() => 0));
    expect(await stored()).toEqual([expect.objectContaining({ ad_id: 'ad-001', occurred_at: new Date(now - HOUR) })]);
    await expectExactRollups(database);
  });

  it('counts the same id once as a click and once as an impression', async () => {
    const shown = click(now, { kind: 'impression' });
    const { added } = await recordBatch(database, [shown, { ...shown, kind: 'click' }]);
    expect(added).toEqual({ ...perKind(() => 0), click: 1, impression: 1 });
    await expectExactRollups(database);
  });

  it('skips events of unknown ads, returns the ids of these ads, and records the other events', async () => {
    const { added, unknownAds } = await recordBatch(database, [
      click(now, { adId: 'gone' }),
      click(now),
      click(now, { adId: 'gone' }),
      click(now, { adId: 'never', kind: 'impression' }),
    ]);
    expect(unknownAds).toEqual(new Set(['gone', 'never']));
    expect(added).toEqual({ ...perKind(() => 0), click: 1, impression: 0 });
    expect(await stored()).toHaveLength(1);
    await expectExactRollups(database);
  });

  it('counts each click in the second and minute of its own time, to the millisecond', async () => {
    const minute = 60_000 * Math.floor(now / 60_000);
    const times = [-60_000, -1, 0, 1, 999, 1_000, 59_999, 60_000].map((offset) => minute + offset);
    await recordBatch(
      database,
      times.map((occurredAt) => click(now, { occurredAt })),
    );
    const count = (of: number[]) =>
      [...new Set(of)].map((bucket) => ({ bucket, clicks: of.filter((one) => one === bucket).length }));
    expect(await rows(database, 'SELECT second AS bucket, clicks FROM counts_per_second ORDER BY 1')).toEqual(
      count(times.map((time) => Math.floor(time / 1_000))),
    );
    expect(await rows(database, 'SELECT minute AS bucket, clicks FROM counts_per_minute ORDER BY 1')).toEqual(
      count(times.map((time) => Math.floor(time / 60_000))),
    );
    await expectExactRollups(database);
  });

  it('counts clicks that are too old for all windows in the totals only', async () => {
    const DAY = 24 * HOUR;
    const times = [0, 1, Date.UTC(2026, 0, 1) - 1, now - 400 * DAY, now - 3 * DAY, now - 51 * HOUR];
    const onlyMinutes = [now - 49 * HOUR, now - 4 * HOUR];
    const both = [now - 2.9 * HOUR, now, now + HOUR];
    const batch = [...times, ...onlyMinutes, ...both].map((occurredAt) => click(now, { occurredAt }));
    for (const added of [batch.length, 0]) {
      const recorded = await recordBatch(database, batch);
      expect(recorded.added).toEqual({ ...perKind(() => 0), click: added });
      expect(recorded.unknownAds).toEqual(new Set());
      const [counts] = recorded.counts;
      expect(counts).toMatchObject({ clicks: batch.length });
      expect(counts?.seconds.clicks).toHaveLength(both.length);
      expect(counts?.minutes.clicks).toHaveLength(both.length + onlyMinutes.length);
    }
    expect(await rows(database, 'SELECT * FROM counts_per_second')).toHaveLength(both.length);
    expect(await rows(database, 'SELECT * FROM counts_per_minute')).toHaveLength(both.length + onlyMinutes.length);
    await expectExactRollups(database);
  });

  it('returns the total of an ad whose clicks are all too old for a bucket', async () => {
    const { counts, unknownAds } = await recordBatch(database, [click(now, { occurredAt: 0 })]);
    const none = { clicks: [], impressions: [] };
    expect(counts).toEqual([{ adId: 'ad-001', clicks: 1, impressions: 0, seconds: none, minutes: none }]);
    expect(unknownAds).toEqual(new Set());
  });

  it('limits the rows of an ad to what windows need, whatever times its events claim', async () => {
    const random = seeded(5);
    const edges = [0, now - 50 * HOUR, now - 24 * HOUR, now - 3 * HOUR, now - HOUR, now, now + HOUR];
    const chosenTime = () =>
      random() < 0.5
        ? Math.floor(random() * (now + HOUR))
        : Math.max(0, Math.floor(pick(random, edges) + (random() - 0.5) * 240_000));
    const all = Array.from({ length: 6_000 }, () =>
      click(now, { occurredAt: chosenTime(), kind: random() < 0.2 ? 'impression' : 'click', adId: pick(random, ADS) }),
    );
    for (let from = 0; from < all.length; from += 400) {
      // Part of each batch is repeated together with other events.
      await recordBatch(database, [
        ...all.slice(from, from + 400),
        ...shuffled(random, all.slice(0, from)).slice(0, 100),
      ]);
    }
    expect(await stored()).toHaveLength(all.length);
    await expectExactRollups(database);
    const buckets = async (table: string) => (await rows(database, `SELECT * FROM ${table}`)).length;
    const possible = (ms: number) =>
      new Set(all.filter(({ occurredAt }) => occurredAt > now - ms).map(({ id }) => id)).size;
    expect(await buckets('counts_per_second')).toBeLessThanOrEqual(possible(3 * HOUR + 1_000));
    expect(await buckets('counts_per_minute')).toBeLessThanOrEqual(possible(50 * HOUR + 60_000));
  });

  it('records no event of a batch if one value cannot be stored', async () => {
    await expect(
      recordBatch(database, [click(now), click(now, { ip: 'nowhere' })], { doubt: 'writer' }),
    ).rejects.toMatchObject({
      code: '22P02',
    });
    expect(await stored()).toEqual([]);
    expect(await rows(database, 'SELECT * FROM ad_totals')).toEqual([]);
    expect(await rows(database, 'SELECT * FROM counter_doubts')).toEqual([]);
  });

  it('has rollups that match the events after many random batches, some of them repeated', async () => {
    const random = seeded(1);
    const all = randomEvents(random, 3_000, now, 26 * HOUR);
    for (let round = 0; round < 40; round += 1) {
      const from = Math.floor(random() * 2_900);
      const batch = shuffled(random, all.slice(from, from + 1 + Math.floor(random() * 300)));
      const { counts } = await recordBatch(database, [...batch, pick(random, batch)]);
      // The returned count equals the stored one, so a raise to it is correct.
      const { adId, clicks, impressions } = counts[0] ?? { adId: '', clicks: 0, impressions: 0 };
      expect(await rows(database, `SELECT * FROM ad_totals WHERE ad_id = '${adId}'`)).toEqual([
        { ad_id: adId, clicks, impressions },
      ]);
    }
    await expectExactRollups(database);
  });

  it('neither deadlocks nor miscounts when eight writers record overlapping batches at once', async () => {
    const random = seeded(2);
    const eight = Array.from({ length: 8 });
    database = openDatabase(testServers, await testServers.database(), 8);
    // All of them connect first. Otherwise the first writer ends before the last one begins.
    await Promise.all(eight.map(() => rows(database, 'SELECT pg_sleep(0.2)')));
    const all: AdEvent[] = [];
    for (let round = 0; round < 10; round += 1) {
      // Few seconds, so that all writers lock the same buckets; each event is in most batches, so that they lock its row.
      const events = randomEvents(random, 600, now, 30_000);
      all.push(...events);
      const batches = eight.map(() => shuffled(random, events).slice(0, 500));
      await Promise.all(batches.map((batch) => recordBatch(database, batch, { doubt: randomUUID() })));
    }
    await recordBatch(database, all);
    expect(await stored()).toHaveLength(all.length);
    await expectExactRollups(database);
  });

  it('counts a limited number of values per ad and label by name, with several writers and repeated batches', async () => {
    const random = seeded(6);
    database = openDatabase(testServers, await testServers.database(), 3);
    const writers = [1, 2, 3].map(() => createLabelValues(database, 5));
    const all: AdEvent[] = [];
    for (let round = 0; round < 10; round += 1) {
      const batches = writers.map(() =>
        Array.from({ length: 40 }, () =>
          click(now, {
            adId: pick(random, ADS),
            kind: pick(random, ['click', 'complete', 'mute']),
            labels: { placement: `p${Math.floor(random() * 4 * (round + 1))}`, device: pick(random, ['tv', 'other']) },
          }),
        ),
      );
      all.push(...batches.flat());
      await Promise.all(
        batches.map(async (batch, writer) => {
          await writers[writer]?.register(batch);
          await recordBatch(database, batch);
        }),
      );
    }
    await createLabelValues(database, 5).register(all);
    await recordBatch(database, all);
    await expectExactRollups(database);
    const values = (ad: string) =>
      rows(database, `SELECT value FROM counts_per_label WHERE ad_id = '${ad}' AND label = 1 GROUP BY value`);
    for (const ad of ADS) expect(await values(ad)).toHaveLength(5 + 1);
    expect(await rows(database, 'SELECT ad_id, value FROM label_values WHERE label = 3')).toHaveLength(2 * ADS.length);
  });

  it('registers values again in a database that replaces the one before, or whose values were deleted', async () => {
    let current = database;
    const switching: RecordingDatabase = {
      query: (...call) => current.query(...call),
      transaction: (...call) => current.transaction(...call),
    };
    const { recordQueued } = createLedger({
      database: switching,
      // Raises fail and leave a doubt.
      store: {
        shards: () => [],
        shardOf() {
          throw new Error('no Redis');
        },
      },
      maxLabelValues: 3,
      minutesKept: LEAST_MINUTES_KEPT,
      now: () => now,
      onRaiseFailure: () => undefined,
    });
    const batch = (...placements: string[]) => placements.map((placement) => click(now, { labels: { placement } }));
    await recordQueued(batch('a', 'b'));
    current = openDatabase(testServers, await testServers.database());
    await Promise.all([recordQueued(batch('a')), recordQueued(batch('a', 'c')), recordQueued(batch('b'))]);
    await expectExactRollups(current);
    const named = () =>
      rows(current, 'SELECT value, sum(clicks) AS clicks FROM counts_per_label GROUP BY 1 ORDER BY 1');
    expect(await named()).toEqual([
      { value: 'a', clicks: 2 },
      { value: 'b', clicks: 1 },
      { value: 'c', clicks: 1 },
    ]);
    await rows(current, 'TRUNCATE ad_events, counts_per_label, counts_per_quarter_hour, ad_totals, label_values');
    await recordQueued(batch('c', 'd'));
    expect(await named()).toEqual([
      { value: 'c', clicks: 1 },
      { value: 'd', clicks: 1 },
    ]);
  });

  it('registers no values of ads that are not in the catalogue, and none with the name of the rest', async () => {
    const labels = { placement: 'top' };
    const events = [
      click(now, { adId: 'gone', labels }),
      click(now, { labels: { placement: '(other)' } }),
      click(now, { labels }),
    ];
    const { register } = createLabelValues(database, 1);
    await register(events);
    await recordBatch(database, events);
    expect(await rows(database, 'SELECT * FROM label_values')).toEqual([{ ad_id: 'ad-001', label: 1, value: 'top' }]);
    await expectExactRollups(database);
  });

  it('accepts ids of any UUID version, and UUIDv7 with a time in the far past or future', async () => {
    const ids = [randomUUID(), uuidv7(0), uuidv7(now + 365 * 24 * HOUR), 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
    await recordBatch(
      database,
      ids.map((id) => click(now, { id, adId: pick(seeded(3), ADS) })),
    );
    expect(await stored()).toHaveLength(4);
  });
});
