import type { LedgerIdentity } from '@ads/models';
import type { CountersReading } from './counters.js';

/** The share of the time that may be spent on reading: a tenth. */
const AGE_PER_COST = 10;

/** What took longer was a pause of this process or a clock that was set, and no cost of reading. */
const LONGEST_COST_MS = 1_000;

/**
 * Reads all ads at most once per `maxAgeMs`, and once for all who ask at the same time: sorting by clicks needs every ad,
 * however small the page is. What takes long to read is kept for longer, so that dashboards that poll don't wear out
 * Redis.
 *
 * @param ledger the identity of the database; a reading is not kept when it changes
 * @param now milliseconds
 */
export function createSnapshot(
  read: () => Promise<CountersReading>,
  maxAgeMs: number,
  ledger: () => LedgerIdentity | undefined,
  now: () => number,
): () => Promise<CountersReading> {
  let held: { reading: CountersReading; from: LedgerIdentity | undefined; at: number; cost: number } | undefined;
  let underWay: Promise<CountersReading> | undefined;

  async function readNow(): Promise<CountersReading> {
    const at = now();
    const from = ledger();
    try {
      const reading = await read();
      held = { reading, from, at, cost: now() - at };
      return reading;
    } finally {
      underWay = undefined;
    }
  }

  return async () => {
    if (held && held.from === ledger()) {
      const maxAge = Math.max(maxAgeMs, AGE_PER_COST * Math.min(held.cost, LONGEST_COST_MS));
      if (Math.abs(now() - held.at) < maxAge) return held.reading;
    }
    underWay ??= readNow();
    return await underWay;
  };
}
