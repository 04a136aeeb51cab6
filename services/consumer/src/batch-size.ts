/** How many events go into a batch: as many as may be, while Postgres keeps up with them. */
export interface BatchSize {
  events(): number;
  /** Told how long a batch took. */
  took(milliseconds: number): void;
  /** Told that a batch failed: it may have been too large for the time that a statement has. */
  failed(): void;
}

/** A batch that takes longer keeps other writers from its buckets for too long: ingest has two seconds for what it writes. */
const LONG_MS = 1_500;

/** Twice as many take about twice as long. */
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
