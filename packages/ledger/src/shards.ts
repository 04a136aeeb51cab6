import { slotKey } from '@ads/models';
import type { CounterShard, CounterStore } from './dependencies.js';

/**
 * Groups items about ads by the server that holds the ad. Servers without any of the ads have an empty group.
 *
 * @throws while no server is known for one of the ads
 */
export function groupByShard<T>(
  store: CounterStore,
  items: readonly T[],
  adIdOf: (item: T) => string,
): ReadonlyMap<CounterShard, readonly T[]> {
  const [only, another] = store.shards();
  if (only !== undefined && another === undefined) return new Map([[only, items]]);
  const groups = new Map<CounterShard, T[]>(store.shards().map((shard) => [shard, []]));
  for (const item of items) {
    const shard = store.shardOf(slotKey(adIdOf(item)));
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [item]);
    else group.push(item);
  }
  return groups;
}
