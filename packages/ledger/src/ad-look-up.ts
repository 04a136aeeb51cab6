/**
 * The result of looking up an ad.
 * - `known`, `unknown`: what Postgres said, at most `MISS_MS` ago.
 * - `unverified`: Postgres could not be asked, or did not answer in time.
 * - `busy`: too many ads wait to be looked up. Nothing was asked; the caller may come again.
 */
export type Listing = 'known' | 'unknown' | 'unverified' | 'busy';

export interface AdLookUp {
  /** @param client who asks: clients take turns, so that one with many unknown ads does not hold up the others */
  find(adId: string, client: string): Promise<Listing>;
}

export interface AdLookUpOptions {
  /** Returns those of some ids that are in the catalogue. Never called while a call is under way. */
  readonly lookUp: (ids: readonly string[]) => Promise<readonly string[]>;
  readonly onFound: (id: string) => void;
  readonly onFailure: (error: unknown) => void;
  /** How long a caller waits for Postgres. */
  readonly patienceMs: number;
}

/** Ads that are asked for within this time go into one query. */
const GATHER_MS = 5;
const IDS_PER_QUERY = 500;
/** Callers that wait. More than a query takes, so that clients have to take turns at all. */
const MOST_WAITING = 10_000;
/** Callers of one client that wait. */
const MOST_WAITING_OF_CLIENT = 2_000;
/** How long an ad that was not found stays unknown without another query: half to all of this time. */
const MISS_MS = 1_000;
const MOST_MISSES = 20_000;

interface Waiting {
  readonly adId: string;
  readonly client: string;
  readonly callers: ((listing: Listing) => void)[];
}

/**
 * Looks ads up one by one, as far as callers can tell: all that are asked for within a few milliseconds go into one
 * query, and one query is under way at a time. Memory is bounded, and so is the load on Postgres (200 queries a second),
 * whatever ids are sent.
 *
 * While a query hangs for longer than `patienceMs`, nobody waits: everything is `unverified` at once, until it ends.
 */
export function createAdLookUp({ lookUp, onFound, onFailure, patienceMs }: AdLookUpOptions): AdLookUp {
  const waiting = new Map<string, Waiting>();
  /** The ads of each client that wait for a query. The client whose turn is next comes first. */
  const queues = new Map<string, Waiting[]>();
  const callersOf = new Map<string, number>();
  const misses = createMisses();
  let callers = 0;
  let scheduled = false;
  /** A query is under way; `hangs` when it was for too long. */
  let query: 'none' | 'asked' | 'hangs' = 'none';

  function schedule(): void {
    if (scheduled || query !== 'none' || queues.size === 0) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      void ask(nextBatch());
    }, GATHER_MS);
  }

  function nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    while (batch.length < IDS_PER_QUERY) {
      const [next] = queues;
      if (next === undefined) break;
      const [client, queue] = next;
      const first = queue.shift();
      if (first !== undefined) batch.push(first);
      // Behind all others.
      queues.delete(client);
      if (queue.length > 0) queues.set(client, queue);
    }
    return batch;
  }

  async function ask(batch: readonly Waiting[]): Promise<void> {
    query = 'asked';
    const patience = setTimeout(() => {
      query = 'hangs';
      answerAll('unverified');
    }, patienceMs);
    try {
      const found = new Set(await lookUp(batch.map(({ adId }) => adId)));
      for (const one of batch) {
        if (found.has(one.adId)) onFound(one.adId);
        else misses.add(one.adId);
        answer(one, found.has(one.adId) ? 'known' : 'unknown');
      }
    } catch (error) {
      onFailure(error);
      answerAll('unverified');
    } finally {
      clearTimeout(patience);
      query = 'none';
      schedule();
    }
  }

  function answerAll(listing: Listing): void {
    queues.clear();
    for (const one of [...waiting.values()]) answer(one, listing);
  }

  function answer(one: Waiting, listing: Listing): void {
    // After a query that hung, it may be another one of the same ad.
    if (waiting.get(one.adId) !== one) return;
    waiting.delete(one.adId);
    for (const caller of one.callers) caller(listing);
  }

  return {
    async find(adId, client) {
      if (misses.has(adId)) return 'unknown';
      if (query === 'hangs') return 'unverified';
      const ofClient = callersOf.get(client) ?? 0;
      if (callers >= MOST_WAITING || ofClient >= MOST_WAITING_OF_CLIENT) return 'busy';
      callers += 1;
      callersOf.set(client, ofClient + 1);
      try {
        return await new Promise((resolve) => {
          const one = waiting.get(adId) ?? { adId, client, callers: [] };
          if (one.callers.push(resolve) > 1) return;
          waiting.set(adId, one);
          const queue = queues.get(client);
          if (queue === undefined) queues.set(client, [one]);
          else queue.push(one);
          schedule();
        });
      } finally {
        callers -= 1;
        const left = (callersOf.get(client) ?? 1) - 1;
        if (left === 0) callersOf.delete(client);
        else callersOf.set(client, left);
      }
    },
  };
}

/** Remembers some ids for a short time: two sets, the older of which is dropped every `MISS_MS / 2`. */
function createMisses(): { add(id: string): void; has(id: string): boolean } {
  let newer = new Set<string>();
  let older = new Set<string>();
  let newerSince = performance.now();
  const age = (): void => {
    const now = performance.now();
    if (now - newerSince < MISS_MS / 2) return;
    older = now - newerSince < MISS_MS ? newer : new Set();
    newer = new Set();
    newerSince = now;
  };
  return {
    add(id) {
      age();
      if (newer.size < MOST_MISSES) newer.add(id);
    },
    has(id) {
      age();
      return newer.has(id) || older.has(id);
    },
  };
}
