import type { Postgres } from '@ads/connections';
import { DAYS_AHEAD, type Database, ensurePartitions, readPartitionDays } from '@ads/ledger';
import { type Clock, type Condition, DependencyUnavailable, every, type Logger, reasonOf } from '@ads/runtime';
import { pruneRollups } from './prune-rollups.js';

const EVERY_MS = 3_600_000;
const AFTER_FAILURE_MS = 60_000;

/** Today and tomorrow. With fewer days, an operator must act before the end of the day. */
const LEAST_DAYS = 2;

export interface TablesDependencies {
  readonly postgres: Database & Pick<Postgres, 'ping'>;
  readonly clock: Pick<Clock, 'whyNotPrune'>;
  /** Minutes for which counts per minute are kept. */
  readonly minutesKept: number;
  /** Removes old events. */
  readonly remove: (signal: AbortSignal) => Promise<void>;
  /** Holds while today or tomorrow has no partition. */
  readonly condition: Condition;
  /** Called with the number of days, from today on, that have partitions. */
  readonly onDays: (days: number) => void;
  readonly logger: Logger;
}

/**
 * Prunes rollups, creates partitions and removes old events, at once and every hour, and a minute after a failure. A failed step
 * does not stop the others.
 *
 * @returns stops it, and waits for the current statement
 */
export function keepTables(dependencies: TablesDependencies): () => Promise<void> {
  let done = false;
  const keep = async (signal: AbortSignal) => {
    done = false;
    done = await keepOnce(dependencies, signal);
  };
  return every(() => (done ? EVERY_MS : AFTER_FAILURE_MS), keep, {
    onError: (error) =>
      dependencies.logger.error('table maintenance failed; it is retried in a minute', {
        event: 'tables.failed',
        error,
      }),
  }).stop;
}

/** True when every step succeeded and no day lacks a partition. */
async function keepOnce(
  { postgres, clock, minutesKept, remove, condition, onDays, logger }: TablesDependencies,
  signal: AbortSignal,
): Promise<boolean> {
  const failures: { readonly step: string; readonly error: unknown }[] = [];
  const attempt = async <T>(step: string, work: () => Promise<T>): Promise<T | undefined> =>
    await work().catch((error: unknown) => {
      failures.push({ step, error });
      return undefined;
    });

  await attempt('prune', () => pruneRollups(clock, postgres, minutesKept, signal));
  const made = await ensurePartitions(postgres, {
    signal,
    onFailure: (day, error) => failures.push({ step: `partition of day ${day} from today`, error }),
  });
  if (made > 0) logger.info(`created ${made} partitions for coming days`, { event: 'tables.partitions_made', made });

  const days = await attempt('read partitions', () => readPartitionDays(postgres));
  if (days !== undefined) {
    onDays(days);
    if (days >= LEAST_DAYS) condition.clear();
    else condition.hold(missing(days, failures[0]?.error));
  }
  await attempt('remove old events', () => remove(signal));
  if (signal.aborted) return false;
  const [first] = failures;
  if (first !== undefined && !(first.error instanceof DependencyUnavailable)) {
    // One line for all failures of a run.
    logger.warn(`table maintenance failed and is retried in a minute: ${first.step}: ${reasonOf(first.error)}`, {
      event: 'tables.step_failed',
      step: first.step,
      failed: failures.length,
      error: first.error,
    });
  }
  return failures.length === 0 && days === DAYS_AHEAD;
}

function missing(days: number, error: unknown): string {
  const day = days === 0 ? 'today' : 'tomorrow';
  const reason = error instanceof Error ? `: ${error.message}` : '';
  return `ad_events has no partition for ${day}${reason}. Its rows go to the default partition until one can be created.`;
}
