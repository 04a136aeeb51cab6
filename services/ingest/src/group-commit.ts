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
  /** Like `Promise.allSettled(items.map(submit))`, with one promise instead of several for each item. */
  submitAll(items: readonly Item[]): Promise<readonly PromiseSettledResult<Result>[]>;
  /** Number of items that wait, without those being written. */
  queued(): number;
  /** Resolves when no item waits or is being written. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  /** By the clock of `performance.now()`. */
  readonly deadline: number;
  readonly caller: Caller<Result>;
  /** The place of the item among those of its caller. */
  readonly index: number;
}

/** Receives the result or the error of each of its items, once. */
interface Caller<Result> {
  resolve(result: Result, index: number): void;
  reject(error: unknown, index: number): void;
}

/** Collects the results of several items. */
class CallerOfMany<Result> implements Caller<Result> {
  readonly #results: PromiseSettledResult<Result>[];
  readonly #done: (results: readonly PromiseSettledResult<Result>[]) => void;
  #missing: number;

  constructor(items: number, done: (results: readonly PromiseSettledResult<Result>[]) => void) {
    this.#results = new Array(items);
    this.#missing = items;
    this.#done = done;
  }

  resolve(value: Result, index: number): void {
    this.#add({ status: 'fulfilled', value }, index);
  }

  reject(reason: unknown, index: number): void {
    this.#add({ status: 'rejected', reason }, index);
  }

  #add(result: PromiseSettledResult<Result>, index: number): void {
    this.#results[index] = result;
    this.#missing -= 1;
    if (this.#missing === 0) this.#done(this.#results);
  }
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
        const { caller, index } = queue.shift() as Waiting<Item, Result>;
        caller.reject(new Refused(`waited ${limits.maxWaitMs} ms to be written`), index);
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
      for (const [place, { caller, index }] of batch.entries()) caller.resolve(results[place] as Result, index);
    } catch (error) {
      for (const { caller, index } of batch) caller.reject(error, index);
    } finally {
      inFlight -= 1;
      itemsInFlight -= batch.length;
      schedule();
      becomeIdle();
    }
  }

  function add(item: Item, caller: Caller<Result>, index: number): void {
    if (queue.length >= limits.maxQueued) caller.reject(new Refused('too many items wait to be written'), index);
    else queue.push({ item, caller, index, deadline: performance.now() + limits.maxWaitMs });
  }

  function begun<T>(promise: Promise<T>): Promise<T> {
    schedule();
    watchOldest();
    return promise;
  }

  return {
    submit: (item) => begun(new Promise((resolve, reject) => add(item, { resolve, reject }, 0))),
    submitAll(items) {
      if (items.length === 0) return Promise.resolve([]);
      return begun(
        new Promise((resolve) => {
          const caller = new CallerOfMany(items.length, resolve);
          for (const [index, item] of items.entries()) add(item, caller, index);
        }),
      );
    },
    queued: () => queue.length,
    idle() {
      if (queue.length === 0 && inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => onIdle.push(resolve));
    },
  };
}
