import { openTestServers } from '@ads/local';
import { minutesKey, secondsKey, totalsKey } from '@ads/models';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { compareCounters } from '../src/exactness/counters.js';

const testServers = openTestServers();
let redis: Redis;
beforeAll(async () => {
  const server = await testServers.redis();
  redis = new Redis(server.port, server.host);
  testServers.onRelease(() => redis.disconnect());
});
afterAll(testServers.release);

const LEDGER = 'ledger.state';
const AD = 'ad-001';
const SECONDS_INTO_MINUTE = 56;
const now = Date.UTC(2026, 10, 22, 12, 34, SECONDS_INTO_MINUTE);
const minute = Math.floor(now / 60_000);
const second = 60 * minute;
const long = minute - 2 * 1_440;
/** Two clicks in the first second of this minute, and one that is too old for all windows. */
const rows = [
  ...[1_000 * second, 1_000 * second, 60_000 * long].map((occurredAt) => ({ kind: 'click' as const, occurredAt })),
  ...[1, 2, 3, 4].map(() => ({ kind: 'impression' as const, occurredAt: now })),
  // An invalid click counts nowhere.
  { kind: 'click' as const, occurredAt: now, verdict: 3 },
].map((event, index) => ({ verdict: null, ...event, id: `id-${index}`, adId: AD }));

const seconds = secondsKey(LEDGER, AD, 'clicks', second);
const minutes = minutesKey(LEDGER, AD, 'clicks', minute);
const impressions = secondsKey(LEDGER, AD, 'impressions', second);
/** The index of the minute in its hour, which is the number of zeros before it. */
const zeros = new Array(minute % 60).fill(0);

/** Packs small counts in the format of the services, the sum first. */
async function pack(key: string, field: number, sum: number, ...counts: number[]): Promise<void> {
  await redis.hset(key, field, Buffer.from([1, 0, sum, ...counts]));
}

beforeEach(async () => {
  await redis.flushall();
  await redis.hset(totalsKey(LEDGER, AD), { clicks: 3, impressions: 4 });
  await pack(seconds, minute, 2, 2);
  await pack(minutes, Math.floor(minute / 60), 2, ...zeros, 2);
  await pack(impressions, minute, 4, ...new Array(SECONDS_INTO_MINUTE).fill(0), 4);
  await pack(minutesKey(LEDGER, AD, 'impressions', minute), Math.floor(minute / 60), 4, ...zeros, 4);
});

it('the check accepts counters that equal the sums of the rows, with or without expired buckets', async () => {
  expect(await compareCounters([redis], LEDGER, rows, now)).toEqual([]);
  await pack(minutesKey(LEDGER, AD, 'clicks', long), Math.floor(long / 60), 1, ...zeros, 1);
  expect(await compareCounters([redis], LEDGER, rows, now)).toEqual([]);
});

it.each<[string, () => Promise<unknown>, RegExp]>([
  ['total', () => redis.hset(totalsKey(LEDGER, AD), 'clicks', 2), /totals clicks should be 3 but is 2/],
  ['bucket', () => pack(seconds, minute, 1, 1), new RegExp(`${second} should be 2 but is 1`)],
  [
    'impression',
    () => pack(impressions, minute, 3, ...new Array(SECONDS_INTO_MINUTE).fill(0), 3),
    /should be 4 but is 3/,
  ],
  ['lost key', () => redis.del(minutes), new RegExp(`${minute} should be 2 but is 0`)],
  ['sum', () => pack(minutes, Math.floor(minute / 60), 3, ...zeros, 2), /has the sum 3, but its 35 counts add up to 2/],
  [
    'expired bucket',
    () => pack(minutesKey(LEDGER, AD, 'clicks', long), Math.floor(long / 60), 9, ...zeros, 9),
    new RegExp(`${long} should be 1 but is 9`),
  ],
])('the check reports a wrong %s', async (_what, spoil, told) => {
  await spoil();
  expect((await compareCounters([redis], LEDGER, rows, now)).join('\n')).toMatch(told);
});
