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

/** Counters per round trip: a few ms of work for Redis, far below any timeout. An ad alone may have more. */
const COUNTERS_PER_CALL = 5_000;

/** Ads in one script, where a script may be about several: calling it takes as long as raising what a batch has of one. */
const ADS_PER_SCRIPT = 50;

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
  let calls: ScriptCall[] = [];
  let counters = 0;
  const send = async () => {
    const sent = shard.crossesSlots ? joined(calls) : calls;
    calls = [];
    counters = 0;
    await shard.run('raise', (redis) => raise.run(redis, sent));
  };
  for (const ad of counts) {
    const call = raiseCall(ad, oldestVisible(now));
    if (calls.length > 0 && counters + call.values.length / 2 > COUNTERS_PER_CALL) await send();
    calls.push(call);
    counters += call.values.length / 2;
  }
  if (calls.length > 0) await send();
}

/** Fewer calls that do the same. */
function joined(calls: readonly ScriptCall[]): ScriptCall[] {
  const scripts: ScriptCall[] = [];
  for (let first = 0; first < calls.length; first += ADS_PER_SCRIPT) {
    const some = calls.slice(first, first + ADS_PER_SCRIPT);
    scripts.push({ keys: some.flatMap(({ keys }) => keys), values: some.flatMap(({ values }) => values) });
  }
  return scripts;
}

interface Hash {
  /** Seconds from now on; 0: none. */
  readonly expiry: number;
  /** Buckets in one field; 1: fields are counters. */
  readonly perField: number;
}

const TOTALS: Hash = { expiry: 0, perField: 1 };
const SECONDS: Hash = { expiry: SECONDS_KEY_TTL, perField: BUCKETS_PER_FIELD };
const MINUTES: Hash = { expiry: MINUTES_KEY_TTL, perField: BUCKETS_PER_FIELD };

/** The keys of one ad's hashes, and what to raise in them: the arguments of `raise-counters.lua`. */
function raiseCall(ad: AdCounts, oldest: { second: number; minute: number }): ScriptCall {
  const hashes = new Map<string, { readonly hash: Hash; readonly counters: (string | number)[] }>();
  const add = (key: string, hash: Hash, fieldOrBucket: string | number, count: number) => {
    const held = hashes.get(key) ?? { hash, counters: [] };
    hashes.set(key, held);
    held.counters.push(fieldOrBucket, count);
  };
  add(totalsKey(ad.adId), TOTALS, 'clicks', ad.clicks);
  add(totalsKey(ad.adId), TOTALS, 'impressions', ad.impressions);
  for (const [second, clicks] of ascending(ad.seconds)) {
    if (second >= oldest.second) add(secondsKey(ad.adId, second), SECONDS, second, clicks);
  }
  for (const [minute, clicks] of ascending(ad.minutes)) {
    if (minute >= oldest.minute) add(minutesKey(ad.adId, minute), MINUTES, minute, clicks);
  }
  const values = [...hashes.values()].flatMap(({ hash: { expiry, perField }, counters }) => [
    expiry,
    perField,
    counters.length / 2,
    ...counters,
  ]);
  return { keys: [...hashes.keys()], values };
}

function ascending(buckets: AdCounts['seconds']): AdCounts['seconds'] {
  return buckets.length === 1 ? buckets : [...buckets].sort(([a], [b]) => a - b);
}
