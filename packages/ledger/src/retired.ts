import { setTimeout as delay } from 'node:timers/promises';
import {
  COUNTER_KEYS,
  epochKey,
  inUseKey,
  type LedgerIdentity,
  ledgerIdOf,
  ledgerOfKey,
  MARKS_STEM,
  rebuildKey,
} from '@ads/models';
import type { CounterShard } from './dependencies.js';

/*
 * Counters of a ledger stay in Redis when the ledger gets another identity, by a restore for example. They are deleted once
 * nobody uses them. Consumers of each ledger say that they do by a key that expires:
 *
 *   of our own ledger id   deleted when no consumer has said so for 15 seconds
 *   of another ledger id   deleted when no consumer has said so for a day: another environment may use this Redis
 *
 * The marks are deleted first. A ledger whose consumers come back while its counters are being deleted finds them untrusted,
 * and rebuilds them.
 */

const REMEMBERED_SECONDS = 86_400;
const OUT_OF_USE_SECONDS = 15;

/** Keys that Redis is asked for at once, and the pause after them: 5 million keys take less than two minutes. */
const KEYS_AT_ONCE = 1_000;
const PAUSE_MS = 20;

/** Says on these servers that the counters of a ledger are in use. @throws when one of them can't be reached */
export async function keepInUse(shards: readonly CounterShard[], ledger: LedgerIdentity): Promise<void> {
  await Promise.all(
    shards.map((shard) => {
      const key = inUseKey(shard.tag(MARKS_STEM), ledger);
      return shard.run('keep_in_use', (redis) => redis.set(key, '1', 'EX', REMEMBERED_SECONDS));
    }),
  );
}

/**
 * Deletes the counters of ledgers that are out of use from one server, beside live traffic and a few at a time.
 *
 * @param ledger the one that is in use here
 * @returns how many keys were deleted
 * @throws when Redis can't be reached, or it was broken off
 */
export async function deleteRetired(shard: CounterShard, ledger: LedgerIdentity, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  let cursor = '0';
  do {
    const from = cursor;
    const [next, keys] = await shard.run('scan', (redis) =>
      redis.scan(from, 'MATCH', COUNTER_KEYS, 'COUNT', KEYS_AT_ONCE),
    );
    for (const [other, ofOther] of groupByLedger(keys)) {
      if (other !== ledger) deleted += await deleteOutOfUse(shard, other, ledger, ofOther);
    }
    cursor = next;
    await delay(PAUSE_MS, undefined, { signal });
  } while (cursor !== '0');
  return deleted;
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
  const tag = shard.tag(MARKS_STEM);
  const isOutOfUse = async () => {
    const seconds = await shard.run('read_in_use', (redis) => redis.ttl(inUseKey(tag, ledger)));
    if (seconds < 0) return true;
    return ledgerIdOf(ledger) === ledgerIdOf(own) && REMEMBERED_SECONDS - seconds > OUT_OF_USE_SECONDS;
  };
  const deleteMarks = () =>
    shard.run('delete_marks', (redis) => redis.del(epochKey(tag, ledger), rebuildKey(tag, ledger)));
  if (!(await isOutOfUse())) return 0;
  await deleteMarks();
  const counts = await shard.run('unlink', async (redis) => {
    const pipeline = redis.pipeline();
    // One by one: in a cluster a command must not name keys of several slots.
    for (const key of keys) pipeline.unlink(key);
    return await pipeline.exec();
  });
  // Its consumers came back meanwhile: whatever they have filled may just have been deleted.
  if (!(await isOutOfUse())) await deleteMarks();
  return (counts ?? []).reduce((sum, [, count]) => sum + Number(count ?? 0), 0);
}
