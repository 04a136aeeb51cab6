import { readFileSync } from 'node:fs';
import {
  type CounterShard,
  type CounterStore,
  groupByShard,
  judgeMark,
  judgeTogether,
  markKeyOf,
  readTrust,
  type ScriptCall,
  script,
  type Trust,
} from '@ads/ledger';
import { type LedgerIdentity, minuteOf, minutesKey, secondOf, secondsKey, TOTAL_COLUMNS, totalsKey } from '@ads/models';
import { type Counters, type CountsByWindow, toWindows } from './counters.js';

const readWindows = script(readFileSync(new URL('../lua/read-windows.lua', import.meta.url), 'utf8'));

/** Ads per round trip. Redis takes about 30 µs per ad, and other callers wait meanwhile. */
const ADS_PER_CALL = 50;

/** Total, last second and windows of clicks, then of impressions. */
type WindowsReply = [...ReplyOfColumn, ...ReplyOfColumn];
type ReplyOfColumn = [total: number, lastSecond: number, windows: CountsByWindow];

/**
 * Counters of a ledger from Redis, or undefined if they are not trusted.
 *
 * The mark of each server is read immediately before and after its counters. Equal marks prove that the server was not
 * emptied or replaced during the read. One server needs one round trip. With several servers, all marks are read again
 * after all counters: a rebuild id is never reused, so equal marks prove that every counter belongs to the same rebuild.
 *
 * @param now milliseconds
 * @throws if Redis is unavailable
 */
export async function readRedisCounters(
  store: CounterStore,
  ledger: LedgerIdentity,
  adIds: readonly string[],
  now: number,
): Promise<Counters[] | undefined> {
  const groups = [...groupByShard(store, adIds, (adId) => adId)];
  const readings = await Promise.all(groups.map(([shard, ads]) => readShard(shard, ledger, ads, now)));
  const trusts = readings.map(({ trust }) => trust);
  if (groups.length > 1)
    trusts.push(
      await readTrust(
        groups.map(([shard]) => shard),
        ledger,
      ),
    );
  return judgeTogether(trusts).state === 'trusted' ? readings.flatMap(({ counters }) => counters) : undefined;
}

/** Reads the counters and the mark of a server, or only the mark if the server has none of the ads. */
async function readShard(
  shard: CounterShard,
  ledger: LedgerIdentity,
  adIds: readonly string[],
  now: number,
): Promise<{ trust: Trust; counters: Counters[] }> {
  const markKey = markKeyOf(shard, ledger);
  const trusts: Trust[] = [];
  const counters: Counters[] = [];
  let first = 0;
  do {
    const ads = adIds.slice(first, first + ADS_PER_CALL);
    const calls = windowsCalls(shard, ledger, ads, now);
    const { before, results, after } = await shard.run('read_windows', (redis) =>
      readWindows.runFramed(redis, markKey, calls),
    );
    trusts.push(judgeMark(shard, before), judgeMark(shard, after));
    for (const [index, reply] of results.flat().entries()) {
      counters.push(toCounters(ads[index] ?? '', reply as WindowsReply));
    }
    first += ADS_PER_CALL;
  } while (first < adIds.length);
  return { trust: judgeTogether(trusts), counters };
}

/** The arguments of `read-windows.lua`: for one call if the server allows it, otherwise for a call per ad. */
function windowsCalls(
  shard: CounterShard,
  ledger: LedgerIdentity,
  adIds: readonly string[],
  now: number,
): ScriptCall[] {
  const values = [secondOf(now)];
  const keys = adIds.map((adId) => windowKeys(ledger, adId, now));
  if (!shard.crossesSlots) return keys.map((ofAd) => ({ keys: ofAd, values }));
  return keys.length === 0 ? [] : [{ keys: keys.flat(), values }];
}

function windowKeys(ledger: LedgerIdentity, adId: string, now: number): string[] {
  const second = secondOf(now);
  const minute = minuteOf(now);
  const keys = [totalsKey(ledger, adId)];
  for (const column of TOTAL_COLUMNS) {
    keys.push(
      secondsKey(ledger, adId, column, second - 3_600),
      secondsKey(ledger, adId, column, second),
      minutesKey(ledger, adId, column, minute - 1_440),
      minutesKey(ledger, adId, column, minute),
    );
  }
  return keys;
}

function toCounters(adId: string, reply: WindowsReply): Counters {
  const [clicks, lastClicks, ofClicks, impressions, lastImpressions, ofImpressions] = reply;
  return {
    adId,
    clicks,
    impressions,
    lastSecond: { clicks: lastClicks, impressions: lastImpressions },
    windows: { clicks: toWindows(ofClicks), impressions: toWindows(ofImpressions) },
  };
}
