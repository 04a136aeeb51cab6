import {
  EVENT_KINDS,
  minuteOf,
  minutesKey,
  oldestVisible,
  secondOf,
  secondsKey,
  totalsKey,
  unpackBuckets,
} from '@ads/models';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { isValid, type Row } from './rows.js';

/** The identity of the ledger, which is part of the key of each counter. */
export async function readLedger(database: pg.Pool): Promise<string> {
  const { rows } = await database.query<{ identity: string | null }>('SELECT current_ledger() AS identity');
  const identity = rows[0]?.identity;
  if (!identity) throw new Error('The database has no ledger identity: run the migrations');
  return identity;
}

/**
 * Compares the counters in Redis with the valid stored events, bucket by bucket. A bucket that is too old
 * for all windows may be missing, but not wrong. Each stored sum must equal the sum of its buckets.
 *
 * @param servers all Redis servers that hold counters
 * @param ledger the identity whose counters are compared; counters of other ledgers, as before a restore, are ignored
 * @param now milliseconds
 * @returns one line for each wrong counter
 */
export async function compareCounters(
  servers: readonly Redis[],
  ledger: string,
  rows: readonly Row[],
  now: number,
): Promise<string[]> {
  const oldest = oldestVisible(now);
  const wanted = new Map<string, number>();
  const invisible = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { kind, adId, occurredAt } of rows.filter(isValid)) {
    const { column } = EVENT_KINDS[kind];
    if (column !== 'clicks' && column !== 'impressions') continue;
    add(wanted, `${totalsKey(ledger, adId)} ${column}`);
    const [second, minute] = [secondOf(occurredAt), minuteOf(occurredAt)];
    add(second >= oldest.second ? wanted : invisible, `${secondsKey(ledger, adId, column, second)} ${second}`);
    add(minute >= oldest.minute ? wanted : invisible, `${minutesKey(ledger, adId, column, minute)} ${minute}`);
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
  for (const [key, count] of invisible) if (held.has(key)) wanted.set(key, count);
  return [...unreadable, ...differences('counter', wanted, held, 0)];
}

/** The counts of a key, by field name or bucket. @throws Error if a stored sum is wrong */
async function readHash(redis: Redis, key: string): Promise<(readonly [string | number, number])[]> {
  if (!key.endsWith(':totals')) return unpackBuckets(await redis.hgetallBuffer(key));
  return Object.entries(await redis.hgetall(key)).map(([name, count]) => [name, Number(count)]);
}

/** Returns one line for each key with different values in the two maps. A missing key has the value `none`. */
export function differences<T>(
  what: string,
  wanted: ReadonlyMap<string, T>,
  found: ReadonlyMap<string, T>,
  none: T,
): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) => {
    const [should, is] = [wanted.get(key) ?? none, found.get(key) ?? none];
    return should === is ? [] : [`${what} ${key} should be ${should} but is ${is}`];
  });
}
