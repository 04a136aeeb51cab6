import { randomBytes } from 'node:crypto';
import { openTestServers } from '@ads/local';
import { type AdEvent, type InvalidVerdict, LEAST_MINUTES_KEPT, uuidv7, VERDICTS } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seeded } from '../../models/test/seeded.js';
import { batchForGate, recordThroughGate } from '../src/gate.js';
import { createLedger, type GateRules, type Ledger, pruneGate, type RecordingDatabase } from '../src/index.js';
import { ADS, click, expectExactRollups, pick, rows, shuffled } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const HOUR = 3_600_000;
/** In the middle of an hour, so that the clicks of a test are received in one. */
const now = Math.floor(Date.now() / HOUR) * HOUR - HOUR / 2;
const WINDOW = 1_000;
const FLOOD = 3;
const RULES: GateRules = { doubleClickMs: WINDOW, floodPerHour: FLOOD };

let database: RecordingDatabase;
/** Two processes. */
let one: Ledger;
let two: Ledger;
beforeAll(async () => {
  database = openDatabase(testServers, await testServers.database());
  one = ledgerWith();
  two = ledgerWith();
});

function ledgerWith(gate: Partial<GateRules> = {}, by = database): Ledger {
  return createLedger({
    database: by,
    // Raises fail and leave a doubt.
    store: {
      shards: () => [],
      shardOf() {
        throw new Error('no Redis');
      },
    },
    gate: { ...RULES, ...gate },
    maxLabelValues: 10,
    minutesKept: LEAST_MINUTES_KEPT,
    now: () => now,
    onRaiseFailure: () => undefined,
  });
}

const newViewer = () => String(randomBytes(8).readBigInt64BE());

/** Clicks of one viewer, so many milliseconds after `now`. */
function clicksOf(viewer: string, ...offsets: number[]): AdEvent[] {
  return offsets.map((offset) => click(now, { viewer, occurredAt: now + offset }));
}

const NAMES = new Map(Object.entries(VERDICTS).map(([name, { number }]) => [number, name as InvalidVerdict]));

/** The stored verdicts of some events, in their order. */
async function verdictsOf(events: readonly AdEvent[]): Promise<string[]> {
  const stored = await database.query<{ key: string; verdict: number | null }>(
    'test',
    "SELECT kind || ' ' || id AS key, verdict FROM ad_events WHERE id = ANY($1)",
    [events.map(({ id }) => id)],
  );
  const verdicts = new Map(stored.map(({ key, verdict }) => [key, verdict]));
  return events.map(({ kind, id }) => {
    const verdict = verdicts.get(`${kind} ${id}`);
    return verdict === undefined ? 'missing' : (NAMES.get(verdict ?? 0) ?? 'valid');
  });
}

describe('a double click', () => {
  let oneCalm: Ledger;
  let twoCalm: Ledger;
  beforeAll(() => {
    oneCalm = ledgerWith({ floodPerHour: 0 });
    twoCalm = ledgerWith({ floodPerHour: 0 });
  });
  it('follows another one of the same viewer and ad in less than the window, in one batch', async () => {
    // The third follows the second, which is invalid itself.
    const clicks = clicksOf(newViewer(), 0, 999, 1_998, 2_998);
    await oneCalm.recordQueued(shuffled(seeded(1), clicks));
    expect(await verdictsOf(clicks)).toEqual(['valid', 'double_click', 'double_click', 'valid']);
  });

  it('is found across batches, processes, and the path without the queue', async () => {
    const clicks = clicksOf(newViewer(), 0, 999, 1_999, 2_500);
    const [first, second, third, fourth] = clicks as [AdEvent, AdEvent, AdEvent, AdEvent];
    await oneCalm.recordUnqueued([first]);
    await twoCalm.recordQueued([second]);
    await twoCalm.recordUnqueued([third]);
    await oneCalm.recordQueued([fourth]);
    expect(await verdictsOf(clicks)).toEqual(['valid', 'double_click', 'valid', 'double_click']);
  });

  it('is one of two clicks at the same time that two processes record at the same time', async () => {
    const pairs = Array.from({ length: 20 }, () => clicksOf(newViewer(), 0, 0) as [AdEvent, AdEvent]);
    await Promise.all([
      oneCalm.recordQueued(pairs.map(([first]) => first)),
      twoCalm.recordUnqueued(pairs.map(([, second]) => second).reverse()),
    ]);
    for (const pair of pairs) expect((await verdictsOf(pair)).sort()).toEqual(['double_click', 'valid']);
  });

  it('may be late: it is compared with the latest recorded click in both directions', async () => {
    const viewer = newViewer();
    const clicks = clicksOf(viewer, 60_000, 59_001, 59_000, 0, 500);
    for (const single of clicks) await oneCalm.recordQueued([single]);
    // The last one is close to a late click, and far from the latest.
    expect(await verdictsOf(clicks)).toEqual(['valid', 'double_click', 'valid', 'valid', 'valid']);
    const next = clicksOf(viewer, 60_999);
    await oneCalm.recordQueued(next);
    expect(await verdictsOf(next)).toEqual(['double_click']);
  });

  it('is on the same ad, of a known viewer, and a click', async () => {
    const viewer = newViewer();
    const events = [
      click(now, { viewer }),
      click(now, { viewer, adId: 'ad-002' }),
      click(now, { viewer, kind: 'impression' }),
      click(now, { viewer, kind: 'impression' }),
      click(now),
      click(now),
      click(now, { viewer, verdict: 'bot' }),
    ];
    await oneCalm.recordQueued(events);
    expect(await verdictsOf(events)).toEqual([...Array(6).fill('valid'), 'bot']);
    // Clicks that ingest has judged do not pass the gate.
    const bots = ['0', '1'].map((last) => click(now, { viewer: `${newViewer()}`.slice(0, 10) + last, verdict: 'bot' }));
    const [bot, other] = bots as [AdEvent, AdEvent];
    await oneCalm.recordQueued([bot, click(now, { viewer: other.viewer ?? '' })]);
    const after = click(now, { viewer: bot.viewer ?? '' });
    await oneCalm.recordQueued([after]);
    expect(await verdictsOf([after])).toEqual(['valid']);
  });

  it('does not exist with the window 0', async () => {
    const clicks = clicksOf(newViewer(), 0, 0);
    await ledgerWith({ doubleClickMs: 0 }).recordQueued(clicks);
    expect(await verdictsOf(clicks)).toEqual(['valid', 'valid']);
  });
});

describe('a flood', () => {
  /** Clicks that are far apart, received in an hour. */
  const received = (viewer: string, hour: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      click(now, { viewer, occurredAt: now + hour * HOUR + index * 2_000, receivedAt: now + hour * HOUR }),
    );

  it('is each click beyond the limit in a clock hour of receipt, in one batch and in several', async () => {
    const viewer = newViewer();
    const [first, second, next] = [
      received(viewer, 0, FLOOD - 1),
      received(viewer, 0, 3),
      received(viewer, 1, FLOOD + 1),
    ];
    const moved = second.map((event) => ({ ...event, occurredAt: event.occurredAt + 10_000 }));
    await one.recordQueued(first);
    await two.recordQueued(moved);
    await one.recordQueued(next);
    expect(await verdictsOf([...first, ...moved])).toEqual(['valid', 'valid', 'valid', 'flood', 'flood']);
    expect(await verdictsOf(next)).toEqual(['valid', 'valid', 'valid', 'flood']);
    // The gate has forgotten the hour before.
    const late = received(viewer, 0, 1).map((event) => ({ ...event, occurredAt: now - 10_000 }));
    await one.recordQueued(late);
    expect(await verdictsOf(late)).toEqual(['valid']);
  });

  it('counts double clicks too, which stay double clicks', async () => {
    const clicks = clicksOf(newViewer(), 0, 500, 2_000, 4_000, 4_500);
    await one.recordQueued(clicks);
    expect(await verdictsOf(clicks)).toEqual(['valid', 'double_click', 'valid', 'flood', 'double_click']);
  });

  it('does not exist with the limit 0', async () => {
    const clicks = received(newViewer(), 0, FLOOD + 2);
    await ledgerWith({ floodPerHour: 0 }).recordQueued(clicks);
    expect(await verdictsOf(clicks)).toEqual(Array(FLOOD + 2).fill('valid'));
  });
});

describe('a verdict', () => {
  it('does not change when the click is delivered again, alone, with others, or from another viewer', async () => {
    const viewer = newViewer();
    const clicks = clicksOf(viewer, 0, 500, 2_000);
    await one.recordQueued(clicks);
    const stored = ['valid', 'double_click', 'valid'];
    await two.recordQueued([...clicks].reverse());
    for (const again of clicks) await two.recordUnqueued([{ ...again, viewer: newViewer() }]);
    await two.recordQueued(clicks.map((again) => ({ ...again, verdict: 'bot' as const })));
    expect(await verdictsOf(clicks)).toEqual(stored);
    // The repetitions did not count towards the flood: the third click of the hour was the last valid one.
    const [fourth] = clicksOf(viewer, 9_000) as [AdEvent];
    await one.recordQueued([...clicks, fourth]);
    expect(await verdictsOf([...clicks, fourth])).toEqual([...stored, 'flood']);
  });

  // A crash between commit and raise leaves counters that only the next delivery raises.
  it.each([
    ['alone', (clicks: readonly AdEvent[]) => clicks],
    ['with a new click', (clicks: readonly AdEvent[]) => [...clicks, ...clicksOf(newViewer(), 0)]],
    [
      'with a click of an unknown ad',
      (clicks: readonly AdEvent[]) => [...clicks, { ...(clicks[0] as AdEvent), adId: 'gone' }],
    ],
  ])('of a click that is delivered again %s leaves all of its buckets to be raised', async (_how, again) => {
    const clicks = clicksOf(newViewer(), -90_000, 0, 500, 60_000);
    const adId = clicks[0]?.adId;
    const bucketsOf = async (events: readonly AdEvent[]) => {
      const batch = batchForGate(events);
      if (batch === undefined) throw new Error('the gate has nothing to judge');
      const { counts } = await recordThroughGate(database, batch, RULES, { minutesKept: LEAST_MINUTES_KEPT });
      const ad = counts.find((one) => one.adId === adId);
      return [ad?.seconds.clicks, ad?.minutes.clicks].map((buckets) => buckets?.map(([bucket]) => bucket).sort() ?? []);
    };
    const first = await bucketsOf(clicks);
    // The third is a double click, the fourth one of a flood.
    expect(first.map((buckets) => buckets.length)).toEqual([2, 2]);
    // It may also touch those of clicks that are stored as invalid.
    const second = await bucketsOf(again(clicks));
    expect(second).toEqual(first.map((buckets) => expect.arrayContaining(buckets)));
  });

  it('is that of the first delivery if a batch has a click several times', async () => {
    const [event] = clicksOf(newViewer(), 0) as [AdEvent];
    await one.recordQueued([event, event, { ...event, viewer: newViewer() }, { ...event, verdict: 'bot' }]);
    expect(await verdictsOf([event])).toEqual(['valid']);
    // A click that names several ads counts for the one that exists.
    const [other] = clicksOf(newViewer(), 0) as [AdEvent];
    const outcome = await one.recordQueued([{ ...other, adId: 'gone' }, other]);
    expect([outcome.unknownAds, await verdictsOf([other])]).toEqual([new Set(['gone']), ['valid']]);
  });

  it('is that of a first click when a click of an unknown ad is replayed after the ad was created', async () => {
    const viewer = newViewer();
    const late = click(now, { viewer, adId: 'late' });
    const [other] = clicksOf(viewer, 0) as [AdEvent];
    await one.recordQueued([late, other]);
    await database.query(
      'test',
      "INSERT INTO ads (id, image_url, target_url) SELECT 'late', image_url, target_url FROM ads LIMIT 1",
    );
    await two.recordQueued([late, other]);
    expect(await verdictsOf([late, other])).toEqual(['valid', 'valid']);
  });

  it.each(['judge_clicks', 'record_batch'])(
    'is made anew when the process dies after %s and before the commit',
    async (last) => {
      const dying: RecordingDatabase = {
        query: (...call) => database.query(...call),
        transaction: (name, work, isKept) =>
          database.transaction(
            name,
            ({ query }) =>
              work({
                async query<Row extends object>(operation: string, text: string, values: readonly unknown[] = []) {
                  const found = await query<Row>(operation, text, values);
                  // The connection ends with the process, and Postgres rolls back.
                  if (operation === last) throw new Error('killed');
                  return found;
                },
              }),
            isKept,
          ),
      };
      const clicks = clicksOf(newViewer(), 0, 500);
      await expect(ledgerWith({}, dying).recordQueued(clicks)).rejects.toThrow('killed');
      expect(await verdictsOf(clicks)).toEqual(['missing', 'missing']);
      expect(await one.recordQueued(clicks)).toMatchObject({
        added: { click: 2 },
        invalid: [{ kind: 'click', verdict: 'double_click', events: 1 }],
      });
      expect(await verdictsOf(clicks)).toEqual(['valid', 'double_click']);
    },
  );
});

describe('random clicks', () => {
  const random = seeded(71);
  const viewers = Array.from({ length: 4 }, newViewer);
  const randomClick = (): AdEvent => {
    const receivedAt = now + Math.floor(random() * 3) * HOUR;
    return click(now, {
      id: uuidv7(now),
      adId: pick(random, ADS),
      receivedAt,
      occurredAt: receivedAt - Math.floor(random() * 20_000),
      ...(random() < 0.8 ? { viewer: pick(random, viewers) } : {}),
      ...(random() < 0.1 ? { verdict: 'datacenter' as const } : {}),
      ...(random() < 0.1 ? { kind: 'impression' as const } : {}),
    });
  };

  it('have the verdicts of a simple model, whatever is repeated', async () => {
    const model = createModel();
    const all: AdEvent[] = [];
    for (let batch = 0; batch < 30; batch += 1) {
      const fresh = Array.from({ length: Math.ceil(random() * 12) }, randomClick);
      model.record(fresh);
      const again = all
        .filter(() => random() < 0.1)
        .map((event) => (random() < 0.5 ? event : { ...event, viewer: '5' }));
      all.push(...fresh);
      await pick(random, [one, two]).recordQueued(shuffled(random, [...fresh, ...again]));
    }
    expect(await verdictsOf(all)).toEqual(all.map(({ id }) => model.verdicts.get(id)));
    await expectExactRollups(database);
  });

  it('of two processes at the same time keep the limits, and equal their rollups', async () => {
    const all = Array.from({ length: 1_200 }, randomClick);
    for (let first = 0; first < all.length; first += 120) {
      const batch = all.slice(first, first + 120);
      await Promise.all(
        [one, two, one, two].map((ledger, index) => {
          const part = shuffled(random, batch).slice(0, 80);
          return index % 2 === 0 ? ledger.recordQueued(part) : ledger.recordUnqueued(part);
        }),
      );
    }
    await one.recordQueued(all);
    const before = await verdictsOf(all);
    const hours = new Map<string, number>();
    for (const [index, { kind, adId, viewer, verdict, receivedAt }] of all.entries()) {
      if (kind !== 'click' || viewer === undefined || verdict !== undefined || before[index] !== 'valid') continue;
      const key = `${adId} ${viewer} ${receivedAt}`;
      hours.set(key, (hours.get(key) ?? 0) + 1);
    }
    // The newest hour of a viewer and an ad has no more valid clicks than the limit. Earlier ones may, when clicks arrive in turn.
    const newest = [...hours].filter(([key]) => key.endsWith(String(now + 2 * HOUR)));
    expect(Math.max(...newest.map(([, valid]) => valid))).toBeLessThanOrEqual(FLOOD);
    expect(new Set(before)).toEqual(new Set(['valid', 'datacenter', 'double_click', 'flood']));
    await two.recordQueued(shuffled(random, all));
    expect(await verdictsOf(all)).toEqual(before);
    await expectExactRollups(database);
  });
});

/** The gate in its simplest form, for batches one after the other. */
function createModel() {
  const gate = new Map<string, { last: number; hour: number; clicks: number }>();
  const verdicts = new Map<string, string>();
  return {
    verdicts,
    record(batch: readonly AdEvent[]): void {
      const byTime = [...batch].sort((a, b) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1));
      const before = new Map([...gate].map(([key, state]) => [key, { ...state }]));
      const inBatch = new Map<string, AdEvent[]>();
      for (const event of byTime) {
        const { id, kind, adId, viewer, verdict, occurredAt, receivedAt } = event;
        verdicts.set(id, verdict ?? 'valid');
        if (kind !== 'click' || viewer === undefined || verdict !== undefined) continue;
        const key = `${adId} ${viewer}`;
        const hour = Math.floor(receivedAt / HOUR);
        const state = before.get(key) ?? { last: Number.NEGATIVE_INFINITY, hour: 0, clicks: 0 };
        const earlier = inBatch.get(key) ?? [];
        const ofHour = earlier.filter((other) => Math.floor(other.receivedAt / HOUR) === hour).length;
        const position = 1 + ofHour + (state.hour === hour ? state.clicks : 0);
        const previous = earlier.at(-1)?.occurredAt ?? Number.NEGATIVE_INFINITY;
        if (occurredAt - previous < WINDOW || Math.abs(occurredAt - state.last) < WINDOW)
          verdicts.set(id, 'double_click');
        else if (hour >= state.hour && position > FLOOD) verdicts.set(id, 'flood');
        inBatch.set(key, [...earlier, event]);
        const current = gate.get(key) ?? { last: Number.NEGATIVE_INFINITY, hour, clicks: 0 };
        const clicks = hour > current.hour ? 1 : current.clicks + Number(hour === current.hour);
        gate.set(key, { last: Math.max(current.last, occurredAt), hour: Math.max(current.hour, hour), clicks });
      }
    },
  };
}

it('viewers who have not clicked for two hours are removed from the gate', async () => {
  await database.query('test', 'TRUNCATE click_gate');
  const [recent] = clicksOf(newViewer(), 0) as [AdEvent];
  const old = click(now, { viewer: newViewer(), receivedAt: now - 3 * HOUR });
  await one.recordQueued([recent, old]);
  expect(await pruneGate(database)).toBe(1);
  expect(await rows(database, 'SELECT last_click FROM click_gate')).toEqual([{ last_click: recent.occurredAt }]);
});
