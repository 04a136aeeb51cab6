import { type Database, hasDoubt } from '@ads/ledger';

/** Knows whether Postgres holds doubts about the counters in Redis. */
export interface DoubtWatch {
  /** True when there was none at the last look. False before the first one. */
  undoubted(): boolean;
  stop(): void;
}

/**
 * Looks for doubts every `intervalMs`. While Postgres can't be asked the last answer stands: as a rule nobody can commit
 * then, so nothing can be missing in Redis that was not missing before.
 */
export function watchDoubts(database: Database, intervalMs: number): DoubtWatch {
  let undoubted = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      undoubted = !(await hasDoubt(database));
    } catch {
      // Postgres is away; its breaker and the health page tell of it.
    }
    if (!stopped) timer = setTimeout(look, intervalMs);
  }
  void look();

  return {
    undoubted: () => undoubted,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
