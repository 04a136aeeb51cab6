import { DAY_QUARTERS, type Database, wantDays } from '@ads/ledger';

const AGAIN_MS = 3_600_000;

/** Called with the days that a report would read, as their first quarter-hours. Returns at once. */
export type DayOffsets = (days: readonly number[]) => void;

/**
 * Asks the consumer to build the days that reports read: once an hour per offset. A failure leaves reports slower; the next report
 * asks again.
 *
 * @param now milliseconds since the epoch
 */
export function createDayOffsets(database: Database, now: () => number): DayOffsets {
  const asked = new Map<number, number>();
  return (days) => {
    const time = now();
    const remainders = [...new Set(days.map((day) => day % DAY_QUARTERS))].filter(
      (remainder) => remainder >= 0 && time - (asked.get(remainder) ?? Number.NEGATIVE_INFINITY) >= AGAIN_MS,
    );
    if (remainders.length === 0) return;
    for (const remainder of remainders) asked.set(remainder, time);
    wantDays(database, remainders).catch(() => {
      for (const remainder of remainders) asked.delete(remainder);
    });
  };
}
