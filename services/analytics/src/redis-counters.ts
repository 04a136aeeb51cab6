import { readFileSync } from 'node:fs';
import { believes, type CounterStore, type ScriptCall, script } from '@ads/ledger';
import { EPOCH_KEY, minuteOf, minutesKey, secondOf, secondsKey, totalsKey } from '@ads/models';
import type { Counters } from './counters.js';

const readWindows = script(readFileSync(new URL('../lua/read-windows.lua', import.meta.url), 'utf8'));

/** Ads per round trip: an ad takes Redis about a millisecond, and a round trip must stay far below its timeout. */
const ADS_PER_CALL = 50;

type WindowsReply = [number, number, number, number, number, number, number];

/**
 * Counters from Redis, or undefined where what it holds is not to be believed.
 *
 * @param now milliseconds
 * @throws when Redis can't be reached
 */
export async function readRedisCounters(
  store: CounterStore,
  adIds: readonly string[],
  now: number,
): Promise<Counters[] | undefined> {
  if (store.evicts()) return undefined;
  const epoch = await readEpoch(store);
  if (!believes(epoch, store.lifetime())) return undefined;
  const counters: Counters[] = [];
  for (let first = 0; first < adIds.length; first += ADS_PER_CALL) {
    const ads = adIds.slice(first, first + ADS_PER_CALL);
    const calls = ads.map((adId) => windowsCall(adId, now));
    const replies = (await store.run('read_windows', (redis) => readWindows.run(redis, calls))) as WindowsReply[];
    for (const [index, reply] of replies.entries()) counters.push(toCounters(ads[index] ?? '', reply));
  }
  // Still the same epoch: Redis was not emptied while it was read. A rebuild would have set another.
  return (await readEpoch(store)) === epoch ? counters : undefined;
}

function readEpoch(store: CounterStore): Promise<string | null> {
  return store.run('read_epoch', (redis) => redis.get(EPOCH_KEY));
}

/** The arguments of `read-windows.lua`. */
function windowsCall(adId: string, now: number): ScriptCall {
  const second = secondOf(now);
  const minute = minuteOf(now);
  return {
    keys: [
      totalsKey(adId),
      secondsKey(adId, second - 3_600),
      secondsKey(adId, second),
      minutesKey(adId, minute - 1_440),
      minutesKey(adId, minute),
    ],
    values: [second],
  };
}

function toCounters(adId: string, reply: WindowsReply): Counters {
  const [clicks, impressions, last1, last5, last15, lastHour, lastDay] = reply;
  return {
    adId,
    clicks,
    impressions,
    windows: {
      last_1_minute: last1,
      last_5_minutes: last5,
      last_15_minutes: last15,
      last_1_hour: lastHour,
      last_24_hours: lastDay,
    },
  };
}
