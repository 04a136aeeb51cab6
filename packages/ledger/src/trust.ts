import { epochKey, type LedgerIdentity, MARKS_STEM } from '@ads/models';
import type { CounterShard } from './dependencies.js';

/** Whether the epochs in Redis allow to trust its counters, or the reason why not. Doubts in Postgres are not part of it. */
export type Trust =
  | {
      readonly state: 'trusted';
      /** The rebuild that filled all counters. */
      readonly rebuild: string;
    }
  | { readonly state: 'untrusted'; readonly reason: string };

/** The Redis key of the mark: it holds the epoch of the counters of this ledger on this server. */
export function markKeyOf(shard: CounterShard, ledger: LedgerIdentity): string {
  return epochKey(shard.tag(MARKS_STEM), ledger);
}

/**
 * Trusts the counters of a server only if its mark has the current instance id of the server. After a restart from an old file,
 * a failover to a lagging replica, or an eviction, the mark still exists but the counts may be too low.
 *
 * @param mark the value of {@link markKeyOf}
 */
export function judgeMark(shard: CounterShard, mark: string | null): Trust {
  const unfit = shard.unfit();
  if (unfit !== undefined) return { state: 'untrusted', reason: `Redis cannot hold counters: ${unfit}` };
  if (mark === null) return { state: 'untrusted', reason: 'Redis was not filled from this database, or is empty' };
  const instanceId = shard.instanceId();
  if (instanceId === undefined || !mark.startsWith(`${instanceId}:`)) {
    return { state: 'untrusted', reason: 'Redis restarted or evicted keys since it was filled' };
  }
  return { state: 'trusted', rebuild: mark.slice(instanceId.length + 1) };
}

/**
 * Trusts several servers only if one rebuild filled all of them. A former primary that does not know it was replaced still
 * has the mark of an earlier rebuild, so its mark differs.
 */
export function judgeTogether(trusts: readonly Trust[]): Trust {
  const [first] = trusts;
  if (first === undefined) return { state: 'untrusted', reason: 'it is not known which server holds which ad' };
  for (const trust of trusts) {
    if (trust.state === 'untrusted') return trust;
    if (first.state === 'trusted' && trust.rebuild !== first.rebuild) {
      return { state: 'untrusted', reason: 'the servers of Redis were not filled together' };
    }
  }
  return first;
}

/**
 * Whether the counters of a ledger on all these servers can be trusted now.
 *
 * @throws when one of them is unavailable
 */
export async function readTrust(shards: readonly CounterShard[], ledger: LedgerIdentity): Promise<Trust> {
  return judgeTogether(
    await Promise.all(
      shards.map(async (shard) => {
        const key = markKeyOf(shard, ledger);
        await shard.identify();
        return judgeMark(shard, await shard.run('read_epoch', (redis) => redis.get(key)));
      }),
    ),
  );
}
