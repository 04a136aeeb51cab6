import { minutesKey, oldestVisible, secondsKey, totalsKey, unpackBuckets } from '@ads/models';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Sums } from './recorded-rows.js';
import { differences } from './rollups.js';

/** The identity of the ledger, which is part of the key of each of its counters. */
export async function readLedger(database: pg.Pool): Promise<string> {
  const { rows } = await database.query<{ identity: string | null }>('SELECT current_ledger() AS identity');
  const identity = rows[0]?.identity;
  if (!identity) throw new Error('The database has no ledger identity');
  return identity;
}

/**
 * Bucket by bucket: the counters in Redis, whichever server holds them, against what the rows add up to. Buckets that no
 * window sees any more may be there or not, but not with a wrong count; and every sum must be that of the buckets that are
 * there.
 *
 * @param ledger whose counters are compared; those of others, such as from before a restore, are nobody's business
 * @param now milliseconds
 * @returns one line for each counter that is wrong
 */
export async function compareCounters(
  servers: readonly Redis[],
  ledger: string,
  sums: Sums,
  now: number,
): Promise<string[]> {
  const oldest = oldestVisible(now);
  const wanted = new Map<string, number>();
  const invisible = new Map<string, number>();
  for (const [adId, { clicks, impressions }] of sums.totals) {
    wanted.set(`${totalsKey(ledger, adId)} clicks`, clicks);
    wanted.set(`${totalsKey(ledger, adId)} impressions`, impressions);
  }
  for (const [[adId, second], clicks] of byAd(sums.seconds)) {
    (second >= oldest.second ? wanted : invisible).set(`${secondsKey(ledger, adId, second)} ${second}`, clicks);
  }
  for (const [[adId, minute], clicks] of byAd(sums.minutes)) {
    (minute >= oldest.minute ? wanted : invisible).set(`${minutesKey(ledger, adId, minute)} ${minute}`, clicks);
  }
  const held = new Map<string, number>();
  const unreadable: string[] = [];
  for (const redis of servers) {
    for (const key of await redis.keys(`ad:${ledger}:*`)) {
      try {
        for (const [name, count] of await readHash(redis, key)) held.set(`${key} ${name}`, count);
      } catch (error) {
        unreadable.push(`${key}: ${(error as Error).message}`);
      }
    }
  }
  for (const [key, clicks] of invisible) if (held.has(key)) wanted.set(key, clicks);
  return [...unreadable, ...differences('counter', wanted, held, 0)];
}

function byAd(buckets: ReadonlyMap<string, number>): [[string, number], number][] {
  return [...buckets].map(([key, clicks]) => {
    const [adId = '', bucket = ''] = key.split(' ');
    return [[adId, Number(bucket)], clicks];
  });
}

/** By the name of a counter, or its bucket. @throws Error where a sum is wrong */
async function readHash(redis: Redis, key: string): Promise<(readonly [string | number, number])[]> {
  if (!key.endsWith(':totals')) return unpackBuckets(await redis.hgetallBuffer(key));
  return Object.entries(await redis.hgetall(key)).map(([name, count]) => [name, Number(count)]);
}
