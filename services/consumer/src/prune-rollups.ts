import type { Postgres } from '@ads/connections';
import { type Database, pruneApiKeys, pruneGate, pruneMinutes, pruneReusedSessions, pruneSeconds } from '@ads/ledger';
import type { Clock } from '@ads/runtime';

/**
 * Deletes rows of the rollups, of the gate, of the counts of reused sessions and of API keys and shares that are not kept any more, by the clock of
 * Postgres. Refuses while any two clocks are more than 30 s apart: rows that a wrong clock deletes would be missing in windows
 * and in every rebuild.
 *
 * @throws Error that names the clocks that disagree; DependencyUnavailable when Postgres is unavailable
 */
export async function pruneRollups(
  clock: Pick<Clock, 'whyNotPrune'>,
  postgres: Database & Pick<Postgres, 'ping'>,
  minutesKept: number,
  signal: AbortSignal,
): Promise<void> {
  // The last comparison may be older than an outage of Postgres.
  await postgres.ping();
  const reason = clock.whyNotPrune();
  if (reason !== undefined) throw new Error(`pruning is refused: ${reason}`);
  await pruneSeconds(postgres, signal);
  await pruneMinutes(postgres, minutesKept, signal);
  await pruneGate(postgres, signal);
  await pruneReusedSessions(postgres, signal);
  await pruneApiKeys(postgres, signal);
}
