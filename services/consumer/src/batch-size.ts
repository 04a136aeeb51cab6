/** The size of the next batch: the maximum, unless batches take too long. */
export interface BatchSize {
  events(): number;
  /** Takes the duration of a batch: a slow batch halves the size, a fast one doubles it. */
  took(milliseconds: number): void;
  /** Halves the size after a failed batch, which may have been too large for the statement timeout. */
  failed(): void;
}

/** Milliseconds. A longer batch would lock its buckets for too long: ingest has a statement timeout of two seconds. */
const LONG_MS = 1_500;

/** A batch of twice the size takes about twice as long. */
const QUICK_MS = LONG_MS / 2;

const LEAST_EVENTS = 100;

export function createBatchSize(most: number): BatchSize {
  let size = most;
  const shrink = () => {
    size = Math.max(Math.min(LEAST_EVENTS, most), Math.floor(size / 2));
  };
  return {
    events: () => size,
    took(milliseconds) {
      if (milliseconds > LONG_MS) shrink();
      else if (milliseconds < QUICK_MS) size = Math.min(most, 2 * size);
    },
    failed: shrink,
  };
}
