import {
  BUCKETS_PER_FIELD,
  MINUTES_KEY_TTL,
  minutesKey,
  oldestVisible,
  SECONDS_KEY_TTL,
  secondsKey,
  totalsKey,
} from '@ads/models';
import type { AdCounts } from './counts.js';
import type { CounterShard, CounterStore } from './dependencies.js';
import { readText } from './files.js';
import { type ScriptCall, script } from './script.js';
import { groupByShard } from './shards.js';

const raise = script(readText('lua/raise-counters.lua'));

/** Counters per round trip, and those of one more ad: a few ms of work for Redis, far below any timeout. */
const COUNTERS_PER_CALL = 5_000;

/** Ads in one script, where a script may be about several: calling it takes as long as raising what a batch has of one. */
const ADS_PER_SCRIPT = 50;

/** And counters, with those of one more ad: Redis answers nobody else meanwhile. */
const COUNTERS_PER_SCRIPT = 500;

/**
 * Raises the counters in Redis to what Postgres counted. Buckets that no window can see any more are left out.
 *
 * @param now milliseconds, by which buckets are judged visible
 * @throws when any of them could not be raised
 */
export async function raiseCounters(store: CounterStore, counts: readonly AdCounts[], now: number): Promise<void> {
  const groups = groupByShard(store, counts, ({ adId }) => adId);
  await Promise.all([...groups].map(([shard, ofShard]) => raiseOn(shard, ofShard, now)));
}

async function raiseOn(shard: CounterShard, counts: readonly AdCounts[], now: number): Promise<void> {
  const adsPerScript = shard.crossesSlots ? ADS_PER_SCRIPT : 1;
  const oldest = oldestVisible(now);
  let calls: RaiseCall[] = [];
  let last = new RaiseCall();
  let counters = 0;
  const send = async () => {
    const sent = calls;
    calls = [];
    counters = 0;
    await shard.run('raise', (redis) => raise.run(redis, sent));
  };
  for (const ad of counts) {
    if (calls.length === 0 || last.ads === adsPerScript || last.counters >= COUNTERS_PER_SCRIPT) {
      last = new RaiseCall();
      calls.push(last);
    }
    const before = last.counters;
    last.add(ad, oldest);
    counters += last.counters - before;
    if (counters >= COUNTERS_PER_CALL) await send();
  }
  if (calls.length > 0) await send();
}

/**
 * The keys of the hashes of some ads, and what to raise in them: the arguments of `raise-counters.lua`. Written straight
 * one after the other, as of many ads making them is most of what a click costs this process.
 */
class RaiseCall implements ScriptCall {
  readonly keys: string[] = [];
  readonly values: (string | number)[] = [];
  ads = 0;
  counters = 0;

  /** @param oldest what no window can see any more is left out */
  add({ adId, clicks, impressions, seconds, minutes }: AdCounts, oldest: { second: number; minute: number }): void {
    this.ads += 1;
    this.counters += 2;
    this.keys.push(totalsKey(adId));
    this.values.push(NO_EXPIRY, 1, 2, 'clicks', clicks, 'impressions', impressions);
    this.#addBuckets(seconds, oldest.second, SECONDS_KEY_TTL, (second) => secondsKey(adId, second));
    this.#addBuckets(minutes, oldest.minute, MINUTES_KEY_TTL, (minute) => minutesKey(adId, minute));
  }

  #addBuckets(buckets: Buckets, oldest: number, expiry: number, keyOf: (bucket: number) => string): void {
    let lastKey: string | undefined;
    let counterAt = 0;
    let inKey = 0;
    // In their order, so that those of one key and of one field come together.
    for (const [bucket, clicks] of ascending(buckets)) {
      if (bucket < oldest) continue;
      const key = keyOf(bucket);
      if (key !== lastKey) {
        lastKey = key;
        inKey = 0;
        this.keys.push(key);
        counterAt = this.values.push(expiry, BUCKETS_PER_FIELD, inKey) - 1;
      }
      this.values.push(bucket, clicks);
      inKey += 1;
      this.values[counterAt] = inKey;
      this.counters += 1;
    }
  }
}

type Buckets = AdCounts['seconds'];

/** Of totals, which are fields of their own. */
const NO_EXPIRY = 0;

function ascending(buckets: Buckets): Buckets {
  return buckets.length === 1 ? buckets : [...buckets].sort(([a], [b]) => a - b);
}
