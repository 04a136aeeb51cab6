import { readFileSync } from 'node:fs';
import { type CounterShard, type CounterStore, groupByShard, readTrust, type ScriptCall, script } from '@ads/ledger';
import { minuteOf, minutesKey, secondOf, secondsKey, totalsKey } from '@ads/models';
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
  const before = await readTrust(store.shards());
  if (before.state === 'untrusted') return undefined;
  const groups = groupByShard(store, adIds, (adId) => adId);
  const counters = await Promise.all([...groups].map(([shard, ads]) => readShard(shard, ads, now)));
  // Still of the same rebuild: nothing was emptied, and nobody was replaced, while it was read.
  const after = await readTrust([...groups.keys()]);
  return after.state === 'trusted' && after.rebuild === before.rebuild ? counters.flat() : undefined;
}

async function readShard(shard: CounterShard, adIds: readonly string[], now: number): Promise<Counters[]> {
  const counters: Counters[] = [];
  for (let first = 0; first < adIds.length; first += ADS_PER_CALL) {
    const ads = adIds.slice(first, first + ADS_PER_CALL);
    const calls = ads.map((adId) => windowsCall(adId, now));
    const replies = (await shard.run('read_windows', (redis) => readWindows.run(redis, calls))) as WindowsReply[];
    for (const [index, reply] of replies.entries()) counters.push(toCounters(ads[index] ?? '', reply));
  }
  return counters;
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
