import { openTestServers, type Variables } from '@ads/local';
import { NO_ADDRESS, uuidv7 } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, ensurePartitions, eraseAddress } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, expectExactRollups, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const VIEWER = '203.0.113.7';
const OTHER = '203.0.113.8';
const DAY_MS = 86_400_000;
const now = Date.now();

let database: Database;
let variables: Variables;
beforeEach(async () => {
  variables = await testServers.database();
  database = openDatabase(testServers, variables);
});

const connection = () => ({
  host: variables.POSTGRES_HOST,
  port: Number(variables.POSTGRES_PORT),
  user: variables.POSTGRES_USER,
  password: variables.POSTGRES_PASSWORD,
  database: variables.POSTGRES_DB,
});

/**
 * Events of both viewers in every kind of partition: of days, of the default partition and of foreign ids, from the least to
 * the greatest id. @returns the number of events of each viewer
 */
async function recordEverywhere(): Promise<number> {
  const ids = [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ...[-400, -2, -1, 0, 1].flatMap((days) => Array.from({ length: 3 }, () => uuidv7(now + days * DAY_MS))),
    ...Array.from({ length: 16 }, (_, n) => `${n.toString(16)}b0d7c0e-9d3c-4a53-8a3c-2f6d3f0a1b2c`),
  ];
  const others = ids.map((id) => id.replace(/.$/, (digit) => (digit === '5' ? '6' : '5')));
  await recordBatch(database, [
    ...ids.flatMap((id) => [
      click(now, { id, ip: VIEWER, viewer: '-7', labels: { session_id: 's', source: 'x' } }),
      click(now, { id, kind: 'impression', ip: VIEWER }),
    ]),
    ...others.map((id) => click(now, { id, ip: OTHER })),
  ]);
  return ids.length * 2;
}

const perAddress = async () =>
  Object.fromEntries(
    (
      await database.query<{ ip: string; events: number }>(
        'test',
        'SELECT host(ip) AS ip, count(*) AS events FROM ad_events GROUP BY 1',
      )
    ).map(({ ip, events }) => [ip, events]),
  );

describe('an erasure', () => {
  it.each([1, 7, 1_000])(
    'in steps of %i events replaces the address in all partitions, and keeps counts',
    async (eventsPerStep) => {
      const events = await recordEverywhere();
      expect(await eraseAddress(connection(), VIEWER, { eventsPerStep })).toBe(events);
      expect(await perAddress()).toEqual({ [NO_ADDRESS]: events, [OTHER]: events / 2 });
      expect(await rows(database, 'SELECT FROM ad_events WHERE session_id IS NOT NULL OR viewer IS NOT NULL')).toEqual(
        [],
      );
      await expectExactRollups(database);
      expect(await eraseAddress(connection(), VIEWER, { eventsPerStep })).toBe(0);
    },
  );

  it('that is killed in the middle keeps its steps, and is finished by the next one', async () => {
    const events = await recordEverywhere();
    let before = 0;
    const killed = eraseAddress(connection(), VIEWER, {
      eventsPerStep: 5,
      onStep(erased) {
        before += erased;
        if (before > events / 2) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    expect(await perAddress()).toMatchObject({ [NO_ADDRESS]: before, [VIEWER]: events - before });
    expect(await eraseAddress(connection(), VIEWER)).toBe(events - before);
  });

  it('finds events that move to a new partition meanwhile', async () => {
    const day = new Date(now + 20 * DAY_MS).toISOString().slice(0, 10);
    const noon = Date.parse(day) + DAY_MS / 2;
    const moving = Array.from({ length: 50 }, () => click(now, { id: uuidv7(noon), ip: VIEWER }));
    await recordBatch(database, moving);
    let moved = false;
    const erased = eraseAddress(connection(), VIEWER, {
      eventsPerStep: 10,
      onStep() {
        if (moved) return;
        moved = true;
        void rows(database, `SELECT ensure_event_partitions('${day}', 1)`);
      },
    });
    expect(await erased).toBe(moving.length);
    await ensurePartitions(database, { onFailure: () => undefined });
    expect(await perAddress()).toEqual({ [NO_ADDRESS]: moving.length });
  });

  it('includes IPv4-mapped IPv6 for IPv4, and every spelling of IPv6', async () => {
    await recordBatch(database, [
      click(now, { ip: '::ffff:cb00:7107' }),
      click(now, { ip: VIEWER }),
      click(now, { ip: '2001:db8::1' }),
      click(now, { ip: '2001:db8::2' }),
    ]);
    expect(await eraseAddress(connection(), VIEWER)).toBe(2);
    expect(await eraseAddress(connection(), '2001:0DB8:0:0::1')).toBe(1);
    expect(await perAddress()).toEqual({ [NO_ADDRESS]: 3, '2001:db8::2': 1 });
  });
});
