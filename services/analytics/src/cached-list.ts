import type { LedgerIdentity } from '@ads/models';
import type { CountersResult } from './counters.js';

/** A list is kept for ten times its read time, so that reads take a tenth of the time. */
const AGE_PER_COST = 10;

/** Maximum read time that counts: a longer one includes a pause of this process. */
const LONGEST_COST_MS = 1_000;

interface CachedList<Result> {
  readonly result: Result;
  readonly ledger: LedgerIdentity | undefined;
  readonly readAt: number;
  readonly costMs: number;
}

/**
 * Reads all ads at most once per `maxAgeMs`, and once for all concurrent callers. Even a small page needs every ad, because the
 * list is sorted by clicks. The result of a slow read is kept longer, so that polling dashboards do not overload Redis.
 *
 * @param ledger the identity of the ledger; a cached list is dropped when it changes
 * @param now milliseconds of a monotonic clock
 */
export function createCachedList<Result extends CountersResult>(
  read: () => Promise<Result>,
  maxAgeMs: number,
  ledger: () => LedgerIdentity | undefined,
  now: () => number,
): () => Promise<Result> {
  let cached: CachedList<Result> | undefined;
  let underWay: Promise<Result> | undefined;

  async function readNow(): Promise<Result> {
    const readAt = now();
    const readFrom = ledger();
    try {
      const result = await read();
      cached = { result, ledger: readFrom, readAt, costMs: now() - readAt };
      return result;
    } finally {
      underWay = undefined;
    }
  }

  return async () => {
    if (cached && cached.ledger === ledger()) {
      const maxAge = Math.max(maxAgeMs, AGE_PER_COST * Math.min(cached.costMs, LONGEST_COST_MS));
      if (Math.abs(now() - cached.readAt) < maxAge) return cached.result;
    }
    underWay ??= readNow();
    return await underWay;
  };
}
