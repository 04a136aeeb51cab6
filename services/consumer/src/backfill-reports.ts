import { backfillReports, type CounterStore, type Database } from '@ads/ledger';
import { DependencyUnavailable, every, type Logger } from '@ads/runtime';

/** Interval at which a consumer with nothing to count checks again: the consumer that counted may have died. */
const FINISHED_MS = 3_600_000;
const AFTER_FAILURE_MS = 60_000;
/** Maximum share of the time during which the backfill uses Postgres. */
const SHARE = 1 / 3;

export interface BackfillDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** Minutes for which counts per minute are kept. */
  readonly minutesKept: number;
  /** Milliseconds since the epoch; never later than the start of any reader's windows. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Counts the events from before reports existed, in short steps beside live traffic. Several consumers may do so; one of them
 * makes a step at a time.
 *
 * @returns stops it, and waits for the current step
 */
export function keepBackfilling({ logger, ...ledger }: BackfillDependencies): () => Promise<void> {
  let pauseMs = FINISHED_MS;
  let counted = 0;
  const step = async (): Promise<void> => {
    pauseMs = AFTER_FAILURE_MS;
    const startedAt = performance.now();
    const done = await backfillReports(ledger);
    if (done?.more === true) {
      if (counted === 0) {
        logger.info('reports are being completed with the events from before the upgrade', {
          event: 'reports.backfill_started',
        });
      }
      counted += done.events;
      pauseMs = (performance.now() - startedAt) * (1 / SHARE - 1);
      return;
    }
    if (done !== undefined) {
      counted += done.events;
      logger.info(`reports are complete: ${counted} events from before the upgrade were counted`, {
        event: 'reports.backfilled',
        counted,
      });
    }
    pauseMs = FINISHED_MS;
  };
  return every(() => pauseMs, step, {
    onError(error) {
      // The circuit breaker logs an outage of Postgres.
      if (error instanceof DependencyUnavailable) return;
      logger.warn('reports could not be completed; the next attempt is in a minute', {
        event: 'reports.backfill_failed',
        error,
      });
    },
  }).stop;
}
