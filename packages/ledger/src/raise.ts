import { MINUTES_KEY_TTL, minutesKey, oldestVisible, SECONDS_KEY_TTL, secondsKey, totalsKey } from '@ads/models';
import type { AdCounts } from './counts.js';
import type { CounterShard, CounterStore } from './dependencies.js';
import { readText } from './files.js';
import { type ScriptCall, script } from './script.js';
import { groupByShard } from './shards.js';

const raise = script(readText('lua/raise-counters.lua'));

/** Counters per round trip: some 10 ms of work for Redis, far below any timeout. An ad alone may have more. */
const COUNTERS_PER_CALL = 5_000;

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
    const sent = calls;
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

/** The keys of one ad's hashes, and what to raise in them: the arguments of `raise-counters.lua`. */
function raiseCall(ad: AdCounts, oldest: { second: number; minute: number }): ScriptCall {
  const hashes = new Map<string, { readonly expiry: number; readonly counters: (string | number)[] }>();
  const add = (key: string, expiry: number, field: string | number, count: number) => {
    const hash = hashes.get(key) ?? { expiry, counters: [] };
    hashes.set(key, hash);
    hash.counters.push(field, count);
  };
  add(totalsKey(ad.adId), 0, 'clicks', ad.clicks);
  add(totalsKey(ad.adId), 0, 'impressions', ad.impressions);
  for (const [second, clicks] of ad.seconds) {
    if (second >= oldest.second) add(secondsKey(ad.adId, second), SECONDS_KEY_TTL, second, clicks);
  }
  for (const [minute, clicks] of ad.minutes) {
    if (minute >= oldest.minute) add(minutesKey(ad.adId, minute), MINUTES_KEY_TTL, minute, clicks);
  }
  const values = [...hashes.values()].flatMap(({ expiry, counters }) => [expiry, counters.length / 2, ...counters]);
  return { keys: [...hashes.keys()], values };
}
