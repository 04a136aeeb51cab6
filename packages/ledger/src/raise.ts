import { MINUTES_KEY_TTL, minutesKey, oldestVisible, SECONDS_KEY_TTL, secondsKey, totalsKey } from '@ads/models';
import type { AdCounts } from './counts.js';
import type { CounterStore } from './dependencies.js';
import { readText } from './files.js';
import { type ScriptCall, script } from './script.js';

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
  let calls: ScriptCall[] = [];
  let counters = 0;
  const send = async () => {
    const sent = calls;
    calls = [];
    counters = 0;
    await store.run('raise', (redis) => raise.run(redis, sent));
  };
  for (const ad of counts) {
    const call = raiseCall(ad, oldestVisible(now));
    if (calls.length > 0 && counters + call.values.length / 3 > COUNTERS_PER_CALL) await send();
    calls.push(call);
    counters += call.values.length / 3;
  }
  if (calls.length > 0) await send();
}

/** The keys of one ad's hashes, their expiries, and what to raise in them: the arguments of `raise-counters.lua`. */
function raiseCall(ad: AdCounts, oldest: { second: number; minute: number }): ScriptCall {
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
