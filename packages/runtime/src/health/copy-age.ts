import { Gauge } from 'prom-client';
import { reasonOf } from '../log/reason.js';
import type { Metrics } from '../metrics/metrics.js';
import { every } from '../timers/every.js';
import type { Conditions } from './conditions.js';

/** A copy in memory of data that Postgres holds. */
export interface Copy {
  /** Seconds since it was last read, or since the start if it never was. */
  age(): number;
  /** Entries. */
  size(): number;
  /** False until it was read once. */
  isLoaded(): boolean;
  /** Why the last read failed; undefined when it did not. */
  failure(): unknown;
}

export interface CopyOptions {
  /** The copy in metrics, like `ad_catalogue`. */
  readonly name: string;
  /** Its entries in metrics, like `ads`. */
  readonly entries: string;
  /** The age in seconds from which on an operator has to act. */
  readonly oldAfter: number;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly conditions: Conditions;
}

const LOOK_EVERY_MS = 1_000;
/** A copy that was never read is needed at once. */
const NEVER_READ_SECONDS = 15;

/**
 * Shows how old a copy is (gauges `<name>_age_seconds` and `<name>_<entries>`), and holds the condition `<name>_old`
 * while it is too old.
 *
 * @returns ends the looking
 */
export function watchCopy(
  copy: Copy,
  { name, entries, oldAfter, metrics, conditions }: CopyOptions,
): () => Promise<void> {
  const registers = [metrics.registry];
  new Gauge({
    name: `${name}_age_seconds`,
    help: 'Seconds since the copy in memory was last read from Postgres, or since the start if it never was.',
    registers,
    collect() {
      this.set(copy.age());
    },
  });
  new Gauge({
    name: `${name}_${entries}`,
    help: 'Entries of the copy in memory.',
    registers,
    collect() {
      this.set(copy.size());
    },
  });
  const condition = conditions.declare(`${name}_old`);
  return every(LOOK_EVERY_MS, () => {
    const age = copy.age();
    if (age < (copy.isLoaded() ? oldAfter : Math.min(oldAfter, NEVER_READ_SECONDS))) return condition.clear();
    const failure = copy.failure();
    const reason = failure === undefined ? 'a read is still under way' : reasonOf(causeOf(failure));
    const since = copy.isLoaded() ? `was last read ${Math.round(age)} s ago` : 'could not be read since the start';
    condition.hold(`${name} ${since}: ${reason}`);
  }).stop;
}

/** The cause behind "postgres is unavailable". */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
