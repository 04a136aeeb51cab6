import { type Database, readStanding, type Standing } from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';

/** Knows which counters in Redis Postgres stands for. */
export interface DoubtWatch {
  /** The identity of the ledger, if there was no doubt about its counters at the last look. Undefined before the first one. */
  undoubted(): LedgerIdentity | undefined;
  /** The identity of the ledger at the last look. */
  ledger(): LedgerIdentity | undefined;
  stop(): void;
}

/**
 * Looks every `intervalMs` for doubts, and for the identity of the ledger. While Postgres can't be asked the last answer
 * stands: as a rule nobody can commit then, so nothing can be missing in Redis that was not missing before.
 */
export function watchDoubts(database: Database, intervalMs: number): DoubtWatch {
  let last: Standing = { ledger: undefined, doubted: true };
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      last = await readStanding(database);
    } catch {
      // Postgres is unavailable; its breaker and the health page report it.
    }
    if (!stopped) timer = setTimeout(look, intervalMs);
  }
  void look();

  return {
    undoubted: () => (last.doubted ? undefined : last.ledger),
    ledger: () => last.ledger,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
