/** How many events go into a batch: as many as may be, while Postgres keeps up with them. */
export interface BatchSize {
  events(): number;
  /** Told how long a batch took. */
  took(milliseconds: number): void;
  /** Told that a batch failed: it may have been too large for the time that a statement has. */
  failed(): void;
}

/** A batch that takes longer keeps other writers from its buckets for too long, and is on its way to a timeout. */
const LONG_MS = 2_000;

/** Twice as many take at most twice as long: what is quicker than this stays well below. */
const QUICK_MS = LONG_MS / 4;

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
