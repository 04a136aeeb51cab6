import { createFairQueue } from '@ads/runtime';

/**
 * The result of looking up an ad.
 * - `known`, `unknown`: the answer of Postgres; `unknown` may be up to 1.5 s old.
 * - `unverified`: Postgres is unavailable, or did not answer in time.
 * - `busy`: too many ads wait to be looked up. The ad was not looked up; the caller may retry.
 */
export type Listing = 'known' | 'unknown' | 'unverified' | 'busy';

/** The listing of an ad, and what was read of a known one. */
export type AdListing<Read> =
  | { readonly state: 'known'; readonly ad: Read }
  | { readonly state: Exclude<Listing, 'known'> };

export interface AdLookUp<Read> {
  /** @param client the client key: clients take turns, so that one with many unknown ads does not delay the others */
  find(adId: string, client: string): Promise<AdListing<Read>>;
}

export interface AdLookUpOptions<Read> {
  /** Reads the given ads; the result has those that are in the catalogue, by id. Called once at a time. */
  readonly lookUp: (ids: readonly string[]) => Promise<ReadonlyMap<string, Read>>;
  readonly onFound: (id: string, ad: Read) => void;
  readonly onFailure: (error: unknown) => void;
  /** How long a caller waits for Postgres. */
  readonly patienceMs: number;
}

/** Look-ups within this time share one query. */
const GATHER_MS = 5;
const IDS_PER_QUERY = 500;
/** Maximum number of callers that wait. They fill several queries, so that clients take turns. */
const WAITING = { inAll: 10_000, perClient: 2_000 };
/** An ad that was not found stays unknown for 0.5 to 1.5 s, without another query; see `createMisses`. */
const MISS_MS = 1_000;
const MOST_MISSES = 20_000;

interface Caller<Read> {
  readonly adId: string;
  readonly answer: (listing: AdListing<Read>) => void;
}

/**
 * Looks up one ad per call. Calls within a few milliseconds share one query, and one query runs at a time. Memory and the load
 * on Postgres (200 queries a second) are bounded for any ids.
 *
 * When a query takes longer than `patienceMs`, all callers get `unverified` at once, and so do later ones until it ends.
 */
export function createAdLookUp<Read>(options: AdLookUpOptions<Read>): AdLookUp<Read> {
  const { lookUp, onFound, onFailure, patienceMs } = options;
  const waiting = createFairQueue<Caller<Read>>(WAITING);
  const misses = createMisses();
  let scheduled = false;
  /** `hangs`: the query takes longer than `patienceMs`. */
  let query: 'none' | 'asked' | 'hangs' = 'none';

  function schedule(): void {
    if (scheduled || query !== 'none' || waiting.isEmpty()) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      void ask(nextBatch());
    }, GATHER_MS);
  }

  /** The callers of the next query by ad. */
  function nextBatch(): Map<string, Caller<Read>[]> {
    const batch = new Map<string, Caller<Read>[]>();
    while (batch.size < IDS_PER_QUERY) {
      const caller = waiting.next();
      if (caller === undefined) break;
      const callers = batch.get(caller.adId) ?? [];
      if (callers.push(caller) === 1) batch.set(caller.adId, callers);
    }
    return batch;
  }

  async function ask(batch: ReadonlyMap<string, readonly Caller<Read>[]>): Promise<void> {
    const unverified = (): void => {
      for (const callers of batch.values()) for (const { answer } of callers) answer({ state: 'unverified' });
      for (let caller = waiting.next(); caller !== undefined; caller = waiting.next())
        caller.answer({ state: 'unverified' });
    };
    query = 'asked';
    const patience = setTimeout(() => {
      query = 'hangs';
      unverified();
    }, patienceMs);
    try {
      const found = await lookUp([...batch.keys()]);
      for (const [adId, callers] of batch) {
        const ad = found.get(adId);
        if (ad === undefined) misses.add(adId);
        else onFound(adId, ad);
        const listing: AdListing<Read> = ad === undefined ? { state: 'unknown' } : { state: 'known', ad };
        for (const { answer } of callers) answer(listing);
      }
    } catch (error) {
      onFailure(error);
      unverified();
    } finally {
      clearTimeout(patience);
      query = 'none';
      schedule();
    }
  }

  return {
    async find(adId, client) {
      if (misses.has(adId)) return { state: 'unknown' };
      if (query === 'hangs') return { state: 'unverified' };
      return await new Promise((resolve) => {
        if (waiting.add(client, { adId, answer: resolve })) schedule();
        else resolve({ state: 'busy' });
      });
    },
  };
}

/**
 * Remembers ids in two sets. If the newer set is between `MISS_MS / 2` and `MISS_MS` old, a call makes it the older set. If it
 * is older than that, a call drops both.
 */
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
