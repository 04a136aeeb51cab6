import { Gauge } from 'prom-client';
import { reasonOf } from '../log/reason.js';
import type { Metrics } from '../metrics/metrics.js';
import { every } from '../timers/every.js';
import type { Conditions } from './conditions.js';

/** An in-memory copy of data in Postgres. */
export interface Copy {
  /** Seconds since the last successful read, or since the start. */
  age(): number;
  /** Number of entries. */
  size(): number;
  /** False until the first successful read. */
  isLoaded(): boolean;
  /** The error of the last read; undefined if it succeeded. */
  failure(): unknown;
}

export interface CopyOptions {
  /** Name of the copy in metrics, such as `ad_catalogue`. */
  readonly name: string;
  /** Name of its entries in metrics, such as `ads`. */
  readonly entries: string;
  /** Age in seconds at which the condition begins. */
  readonly oldAfter: number;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly conditions: Conditions;
}

const CHECK_EVERY_MS = 1_000;
/** Limit for the first read. */
const NEVER_READ_SECONDS = 15;

/**
 * Exports the age of a copy (gauges `<name>_age_seconds` and `<name>_<entries>`) and holds the condition `<name>_old` while
 * it is too old.
 *
 * @returns stops the checks
 */
export function watchCopy(
  copy: Copy,
  { name, entries, oldAfter, metrics, conditions }: CopyOptions,
): () => Promise<void> {
  const registers = [metrics.registry];
  new Gauge({
    name: `${name}_age_seconds`,
    help: 'Seconds since the last successful read of the in-memory copy from Postgres, or since the start.',
    registers,
    collect() {
      this.set(copy.age());
    },
  });
  new Gauge({
    name: `${name}_${entries}`,
    help: 'Entries of the in-memory copy.',
    registers,
    collect() {
      this.set(copy.size());
    },
  });
  const condition = conditions.declare(`${name}_old`);
  return every(CHECK_EVERY_MS, () => {
    const age = copy.age();
    if (age < (copy.isLoaded() ? oldAfter : Math.min(oldAfter, NEVER_READ_SECONDS))) return condition.clear();
    const failure = copy.failure();
    const reason = failure === undefined ? 'a read is in progress' : reasonOf(causeOf(failure));
    const since = copy.isLoaded() ? `was last read ${Math.round(age)} s ago` : 'could not be read since the start';
    condition.hold(`${name} ${since}: ${reason}`);
  }).stop;
}

/** The cause of a "postgres is unavailable" error. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
