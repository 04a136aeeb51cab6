import type { Postgres } from '@ads/connections';
import type { Clock } from '@ads/runtime';

/**
 * Deletes what no window will see again, by the clock of Postgres; nothing while any two clocks are more than 30 s apart.
 * What a wrong clock deletes would be missing in windows, and in every rebuild of them.
 *
 * @throws Error with the clocks that disagree; DependencyUnavailable when Postgres can't be reached
 */
export async function pruneSafely(
  clock: Pick<Clock, 'whyNotPrune'>,
  postgres: Pick<Postgres, 'ping'>,
  prune: () => Promise<void>,
): Promise<void> {
  // The last comparison may be from before Postgres was unavailable.
  await postgres.ping();
  const reason = clock.whyNotPrune();
  if (reason !== undefined) throw new Error(`pruning is refused: ${reason}`);
  await prune();
}
