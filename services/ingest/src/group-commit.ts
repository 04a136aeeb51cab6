/** Limits of a group commit. */
export interface GroupLimits {
  /** Maximum number of items in a batch. */
  readonly maxBatch: number;
  /** Maximum number of concurrent writes. */
  readonly maxInFlight: number;
  /** Maximum number of items that wait for a batch. Further items are refused at once. */
  readonly maxQueued: number;
  /** Milliseconds that an item waits for a batch before it is refused. */
  readonly maxWaitMs: number;
}

/** The item was not written: too many items wait, or it waited too long. */
export class Refused extends Error {}

/** Collects the items of many callers into few writes. */
export interface GroupCommit<Item, Result> {
  /** Resolves with the result of the item. Rejects with the error of its write, or with {@link Refused}. */
  submit(item: Item): Promise<Result>;
  /** Number of items that wait, without those being written. */
  queued(): number;
  /** Resolves when no item waits or is being written. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  /** By the clock of `performance.now()`. */
  readonly deadline: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** How long an item waits for more items. */
const LINGER_MS = 1;

/**
 * Writes items that arrive together in one batch; each caller waits for that write. While no batch is in flight, an item is
 * written at once. Otherwise the next batch waits until it has as many items as all batches in flight together, is full, or is
 * 1 ms old. Small batches would waste CPU, because the overhead of a write equals the cost of several items. Batches overlap,
 * because with one batch at a time all callers would wait together and send nothing meanwhile.
 *
 * @param write writes 1 to `maxBatch` items, and returns their results in the same order
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
    // Begins after this turn of the event loop, so that requests that arrived in one read share a batch.
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

  // Items expire in their order of arrival, so one timer for the oldest is enough.
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
