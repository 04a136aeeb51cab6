/**
 * The result of looking up an ad.
 * - `known`, `unknown`: the answer of Postgres, at most `MISS_MS` old.
 * - `unverified`: Postgres is unavailable, or did not answer in time.
 * - `busy`: too many ads wait to be looked up. The ad was not looked up; the caller may retry.
 */
export type Listing = 'known' | 'unknown' | 'unverified' | 'busy';

export interface AdLookUp {
  /** @param client the client key: clients take turns, so that one with many unknown ads does not delay the others */
  find(adId: string, client: string): Promise<Listing>;
}

export interface AdLookUpOptions {
  /** Returns the given ids that are in the catalogue. Called once at a time. */
  readonly lookUp: (ids: readonly string[]) => Promise<readonly string[]>;
  readonly onFound: (id: string) => void;
  readonly onFailure: (error: unknown) => void;
  /** How long a caller waits for Postgres. */
  readonly patienceMs: number;
}

/** Look-ups within this time share one query. */
const GATHER_MS = 5;
const IDS_PER_QUERY = 500;
/** Maximum number of waiting callers: several queries, so that clients take turns. */
const MOST_WAITING = 10_000;
/** Maximum number of waiting callers of one client. */
const MOST_WAITING_OF_CLIENT = 2_000;
/** An ad that was not found stays unknown for half to all of this time, without another query. */
const MISS_MS = 1_000;
const MOST_MISSES = 20_000;

interface Waiting {
  readonly adId: string;
  readonly client: string;
  readonly callers: ((listing: Listing) => void)[];
}

/**
 * Looks up one ad per call. Calls within a few milliseconds share one query, and one query runs at a time. Memory and the load
 * on Postgres (200 queries a second) are bounded for any ids.
 *
 * When a query takes longer than `patienceMs`, all callers get `unverified` at once, and so do later ones until it ends.
 */
export function createAdLookUp({ lookUp, onFound, onFailure, patienceMs }: AdLookUpOptions): AdLookUp {
  const waiting = new Map<string, Waiting>();
  /** The waiting ads of each client. The client whose turn is next comes first. */
  const queues = new Map<string, Waiting[]>();
  const callersOf = new Map<string, number>();
  const misses = createMisses();
  let callers = 0;
  let scheduled = false;
  /** `hangs`: the query takes longer than `patienceMs`. */
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
      // The client moves behind all others.
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
    // After a query that hung, another entry of the same ad may wait.
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

/** Remembers ids for a short time in two sets. The older set is dropped every `MISS_MS / 2`. */
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
