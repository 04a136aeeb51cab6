/** The size of the next batch: the maximum, unless batches take too long. */
export interface BatchSize {
  events(): number;
  /** A batch took this long. Slow batches halve the size, quick ones double it. */
  took(milliseconds: number): void;
  /** A batch failed, and may have been too large for the statement timeout: halves the size. */
  failed(): void;
}

/** A longer batch locks its buckets for too long: ingest has a statement timeout of two seconds. */
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
