import { EPOCH_KEY } from '@ads/models';
import type { CounterStore } from './dependencies.js';

/** Whether the counters in Redis may be believed, as far as Redis itself can tell; else why not. */
export type Trust = { readonly state: 'trusted' } | { readonly state: 'untrusted'; readonly reason: string };

/**
 * The counters are those of the last finished rebuild only if the epoch names the life of the server that answers: after a
 * restart from an old file, a failover to a replica that lagged, or an eviction, the epoch is there and the counts are
 * behind.
 */
export function believes(epoch: string | null, lifetime: string | undefined): boolean {
  return epoch !== null && lifetime !== undefined && epoch.startsWith(`${lifetime}:`);
}

/** Asks Redis. @throws when it can't be reached */
export async function readTrust(store: CounterStore): Promise<Trust> {
  if (store.evicts()) {
    return { state: 'untrusted', reason: 'Redis may evict counters: set its maxmemory-policy to noeviction' };
  }
  const epoch = await store.run('read_epoch', (redis) => redis.get(EPOCH_KEY));
  if (epoch === null) return { state: 'untrusted', reason: 'Redis is empty or was never filled' };
  if (!believes(epoch, store.lifetime()))
    return { state: 'untrusted', reason: 'Redis restarted or evicted keys since it was filled' };
  return { state: 'trusted' };
}
