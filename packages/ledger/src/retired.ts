import { setTimeout as delay } from 'node:timers/promises';
import {
  COUNTER_KEYS,
  epochKey,
  IN_USE_STEM,
  inUseKey,
  type LedgerIdentity,
  ledgerIdOf,
  ledgerOfKey,
  MARKS_STEM,
  OLDER_MARKS_STEMS,
  rebuildKey,
} from '@ads/models';
import type { Redis } from 'ioredis';
import type { CounterShard } from './dependencies.js';

/*
 * When a ledger gets a new identity, for example by a restore, the counters of the old one stay in Redis. They are deleted once
 * no consumer renews the in-use key of their ledger:
 *
 *   same ledger id      deleted 15 seconds after the last renewal
 *   another ledger id   deleted a day after the last renewal: another environment may use this Redis
 *
 * The epochs are deleted first. Consumers that return while their counters are being deleted find them untrusted, and rebuild
 * them.
 */

const REMEMBERED_SECONDS = 86_400;
const OUT_OF_USE_SECONDS = 15;

/** Keys per SCAN, and the pause after it: 5 million keys take less than two minutes. */
const KEYS_AT_ONCE = 1_000;
const PAUSE_MS = 20;

/** Renews the in-use key of a ledger on these servers. @throws when one of them is unavailable */
export async function keepInUse(shards: readonly CounterShard[], ledger: LedgerIdentity): Promise<void> {
  await Promise.all(
    shards.map((shard) => {
      const key = inUseKey(shard.tag(IN_USE_STEM), ledger);
      return shard.run('keep_in_use', (redis) => redis.set(key, '1', 'EX', REMEMBERED_SECONDS));
    }),
  );
}

/**
 * Deletes the counters of unused ledgers from one server, in small steps during live traffic.
 *
 * @param ledger the ledger that is in use here
 * @returns the number of deleted keys
 * @throws when Redis is unavailable, or `signal` is aborted
 */
export async function deleteRetired(shard: CounterShard, ledger: LedgerIdentity, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  let cursor = '0';
  do {
    const from = cursor;
    const [next, keys] = await shard.run('scan', (redis) => scan(redis, from));
    for (const [other, ofOther] of groupByLedger(keys)) {
      if (other !== ledger) deleted += await deleteOutOfUse(shard, other, ledger, ofOther);
    }
    cursor = next;
    await delay(PAUSE_MS, undefined, { signal });
  } while (cursor !== '0');
  return deleted;
}

/** SCAN of the counter keys. The client puts its prefix before keys, but not before a pattern. */
async function scan(redis: Redis, cursor: string): Promise<[next: string, keys: string[]]> {
  const { keyPrefix = '' } = redis.options;
  const [next, keys] = await redis.scan(cursor, 'MATCH', `${keyPrefix}${COUNTER_KEYS}`, 'COUNT', KEYS_AT_ONCE);
  return [next, keys.map((key) => key.slice(keyPrefix.length))];
}

function groupByLedger(keys: readonly string[]): ReadonlyMap<LedgerIdentity, string[]> {
  const groups = new Map<LedgerIdentity, string[]>();
  for (const key of keys) {
    const ledger = ledgerOfKey(key);
    if (ledger === undefined) continue;
    const group = groups.get(ledger);
    if (group === undefined) groups.set(ledger, [key]);
    else group.push(key);
  }
  return groups;
}

async function deleteOutOfUse(
  shard: CounterShard,
  ledger: LedgerIdentity,
  own: LedgerIdentity,
  keys: readonly string[],
): Promise<number> {
  const inUse = inUseKey(shard.tag(IN_USE_STEM), ledger);
  const isOutOfUse = async () => {
    const seconds = await shard.run('read_in_use', (redis) => redis.ttl(inUse));
    if (seconds < 0) return true;
    return ledgerIdOf(ledger) === ledgerIdOf(own) && REMEMBERED_SECONDS - seconds > OUT_OF_USE_SECONDS;
  };
  const deleteMarks = async () => {
    for (const stem of [MARKS_STEM, ...OLDER_MARKS_STEMS]) {
      const tag = shard.tag(stem);
      await shard.run('delete_marks', (redis) => redis.del(epochKey(tag, ledger), rebuildKey(tag, ledger)));
    }
  };
  if (!(await isOutOfUse())) return 0;
  await deleteMarks();
  const counts = await shard.run('unlink', async (redis) => {
    const pipeline = redis.pipeline();
    // One command per key: in a cluster a command must not name keys of several slots.
    for (const key of keys) pipeline.unlink(key);
    return await pipeline.exec();
  });
  // If its consumers returned meanwhile, counters that they raised may have been deleted.
  if (!(await isOutOfUse())) await deleteMarks();
  return (counts ?? []).reduce((sum, [, count]) => sum + Number(count ?? 0), 0);
}
