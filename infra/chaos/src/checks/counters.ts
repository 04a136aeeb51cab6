import { minutesKey, oldestVisible, secondsKey, totalsKey } from '@ads/models';
import type { Redis } from 'ioredis';
import type { Sums } from './recorded-rows.js';
import { differences } from './rollups.js';

/**
 * Bucket by bucket: the counters in Redis, whichever server holds them, against what the rows add up to. Buckets that no
 * window sees any more may be there or not, but not with a wrong count.
 *
 * @param now milliseconds
 * @returns one line for each counter that is wrong
 */
export async function compareCounters(servers: readonly Redis[], sums: Sums, now: number): Promise<string[]> {
  const oldest = oldestVisible(now);
  const wanted = new Map<string, number>();
  const invisible = new Map<string, number>();
  for (const [adId, { clicks, impressions }] of sums.totals) {
    wanted.set(`${totalsKey(adId)} clicks`, clicks);
    wanted.set(`${totalsKey(adId)} impressions`, impressions);
  }
  for (const [[adId, second], clicks] of byAd(sums.seconds)) {
    (second >= oldest.second ? wanted : invisible).set(`${secondsKey(adId, second)} ${second}`, clicks);
  }
  for (const [[adId, minute], clicks] of byAd(sums.minutes)) {
    (minute >= oldest.minute ? wanted : invisible).set(`${minutesKey(adId, minute)} ${minute}`, clicks);
  }
  const held = new Map((await Promise.all(servers.map(readCounters))).flatMap((counters) => [...counters]));
  for (const [key, clicks] of invisible) if (held.has(key)) wanted.set(key, clicks);
  return differences('counter', wanted, held, 0);
}

function byAd(buckets: ReadonlyMap<string, number>): [[string, number], number][] {
  return [...buckets].map(([key, clicks]) => {
    const [adId = '', bucket = ''] = key.split(' ');
    return [[adId, Number(bucket)], clicks];
  });
}

async function readCounters(redis: Redis): Promise<Map<string, number>> {
  const held = new Map<string, number>();
  const keys = await redis.keys('ad:*');
  await Promise.all(
    keys.map(async (key) => {
      for (const [field, count] of Object.entries(await redis.hgetall(key))) held.set(`${key} ${field}`, Number(count));
    }),
  );
  return held;
}
