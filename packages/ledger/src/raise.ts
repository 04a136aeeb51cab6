import { MINUTES_KEY_TTL, minutesKey, oldestVisible, SECONDS_KEY_TTL, secondsKey, totalsKey } from '@ads/models';
import type { Redis } from 'ioredis';
import type { AdCounts } from './counts.js';
import { readText } from './files.js';
import { script } from './script.js';

const raise = script(readText('lua/raise-counters.lua'));

/** Scripts per round trip: bounds what is buffered on both sides. */
const ADS_PER_PIPELINE = 500;

/**
 * Raises the counters in Redis to what Postgres counted. Buckets that no window can see any more are left out.
 *
 * @param now milliseconds, by which buckets are judged visible
 * @throws when any of them could not be raised
 */
export async function raiseCounters(redis: Redis, counts: readonly AdCounts[], now: number): Promise<void> {
  for (let first = 0; first < counts.length; first += ADS_PER_PIPELINE) {
    await raise.run(
      redis,
      counts.slice(first, first + ADS_PER_PIPELINE).map((ad) => raiseArguments(ad, now)),
    );
  }
}

/** The keys of one ad's hashes, their expiries, and what to raise in them: the arguments of `raise-counters.lua`. */
function raiseArguments(ad: AdCounts, now: number): { keys: string[]; values: (string | number)[] } {
  const oldest = oldestVisible(now);
  const keys: string[] = [];
  const expiries: number[] = [];
  const triples: (string | number)[] = [];
  const indexOf = (key: string, expiry: number) => {
    const index = keys.indexOf(key);
    if (index >= 0) return index + 1;
    expiries.push(expiry);
    return keys.push(key);
  };
  const totals = indexOf(totalsKey(ad.adId), 0);
  triples.push(totals, 'clicks', ad.clicks, totals, 'impressions', ad.impressions);
  for (const [second, clicks] of ad.seconds) {
    if (second >= oldest.second) triples.push(indexOf(secondsKey(ad.adId, second), SECONDS_KEY_TTL), second, clicks);
  }
  for (const [minute, clicks] of ad.minutes) {
    if (minute >= oldest.minute) triples.push(indexOf(minutesKey(ad.adId, minute), MINUTES_KEY_TTL), minute, clicks);
  }
  return { keys, values: [...expiries, ...triples] };
}
