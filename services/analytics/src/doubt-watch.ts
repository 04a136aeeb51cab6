import { type Database, readStanding, type Standing } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import { every } from '@ads/runtime';

/** The ledger and its doubts, as Postgres showed them at the last poll. */
export interface DoubtWatch {
  /** The identity of the ledger while no doubt about its counters exists; undefined while one does, and before the first poll. */
  undoubted(): LedgerIdentity | undefined;
  /** The identity of the ledger; undefined before the first poll. */
  ledger(): LedgerIdentity | undefined;
  stop(): Promise<void>;
}

/**
 * Polls the ledger identity and its doubts every `intervalMs`. While Postgres is unavailable, the last result stays valid:
 * writers cannot commit, so Redis does not fall behind. If only this process cannot reach Postgres, it may miss a doubt.
 */
export function watchDoubts(database: Database, intervalMs: number): DoubtWatch {
  let last: Standing = { ledger: undefined, doubted: true };
  const reads = every(
    intervalMs,
    async () => {
      last = await readStanding(database);
    },
    // Postgres is unavailable: its breaker and /health report it.
    { onError: () => undefined },
  );

  return {
    undoubted: () => (last.doubted ? undefined : last.ledger),
    ledger: () => last.ledger,
    stop: reads.stop,
  };
}
