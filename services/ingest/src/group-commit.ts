/** How many items may be where. */
export interface GroupLimits {
  /** The most items in one batch. */
  readonly maxBatch: number;
  /** The most batches that are written at the same time. */
  readonly maxInFlight: number;
  /** The most items that wait for a batch; beyond it, callers are refused at once. */
  readonly maxQueued: number;
  /** The longest that an item waits for a batch, in milliseconds; then its caller is refused. */
  readonly maxWaitMs: number;
}

/** Refused: too many items wait, or this one waited too long. Nothing was done with it. */
export class Refused extends Error {}

/** Many callers, few writes. */
export interface GroupCommit<Item, Result> {
  /** Resolves with what the write said of this item, rejects as the write of its batch did, or with Refused. */
  submit(item: Item): Promise<Result>;
  /** Items that wait, not counting those in flight. */
  queued(): number;
  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  /** By the clock of `performance.now()`. */
  readonly deadline: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** The longest that an item waits for company. */
const LINGER_MS = 1;

/**
 * Items that arrive together are written together, each caller waiting for that one write. An item that finds nothing in
 * flight is written at once. Else the next batch waits until it is as large as all that is in flight, or full, or for a
 * millisecond: a write costs as much as several items, so many small ones would be most of the work, and while one large
 * one is in flight nobody would have anything to do.
 *
 * @param write gets 1 to `maxBatch` items; its results are in the order of the items
 */
export function createGroupCommit<Item, Result>(
  write: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: GroupLimits,
): GroupCommit<Item, Result> {
  let queue: Waiting<Item, Result>[] = [];
  let inFlight = 0;
  let itemsInFlight = 0;
  let scheduled = false;
  let onIdle: (() => void)[] = [];
  let linger: NodeJS.Timeout | undefined;
  let expiry: NodeJS.Timeout | undefined;

  function schedule(): void {
    if (scheduled || queue.length === 0) return;
    if (queue.length < Math.min(itemsInFlight, limits.maxBatch)) {
      linger ??= setTimeout(begin, LINGER_MS);
      return;
    }
    scheduled = true;
    // Not at once but when the present turn of the event loop is over: requests that arrived in one read go together.
    setImmediate(begin);
  }

  function begin(): void {
    scheduled = false;
    clearTimeout(linger);
    linger = undefined;
    while (queue.length > 0 && inFlight < limits.maxInFlight) {
      const batch = queue.slice(0, limits.maxBatch);
      queue = queue.slice(limits.maxBatch);
      void commit(batch);
    }
  }

  // Items expire in the order in which they came, so one timer for the oldest is enough.
  function watchOldest(): void {
    const oldest = queue[0];
    if (expiry !== undefined || oldest === undefined) return;
    expiry = setTimeout(() => {
      expiry = undefined;
      const now = performance.now();
      while (queue[0] !== undefined && queue[0].deadline <= now) {
        queue.shift()?.reject(new Refused(`waited ${limits.maxWaitMs} ms to be written`));
      }
      becomeIdle();
      watchOldest();
    }, oldest.deadline - performance.now()).unref();
  }

  function becomeIdle(): void {
    if (queue.length > 0 || inFlight > 0) return;
    for (const resolve of onIdle) resolve();
    onIdle = [];
  }

  async function commit(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    inFlight += 1;
    itemsInFlight += batch.length;
    try {
      const results = await write(batch.map((waiting) => waiting.item));
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      inFlight -= 1;
      itemsInFlight -= batch.length;
      schedule();
      becomeIdle();
    }
  }

  return {
    submit(item) {
      if (queue.length >= limits.maxQueued) return Promise.reject(new Refused('too many items wait to be written'));
      return new Promise((resolve, reject) => {
        queue.push({ item, deadline: performance.now() + limits.maxWaitMs, resolve, reject });
        schedule();
        watchOldest();
      });
    },
    queued: () => queue.length,
    idle() {
      if (queue.length === 0 && inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => onIdle.push(resolve));
    },
  };
}
