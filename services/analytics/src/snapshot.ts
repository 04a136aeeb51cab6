import type { CountersReading } from './counters.js';

/**
 * Reads all ads at most once per `maxAgeMs`, and once for all who ask at the same time: sorting by clicks needs every ad,
 * however small the page is.
 *
 * @param now milliseconds
 */
export function createSnapshot(
  read: (adIds: readonly string[]) => Promise<CountersReading>,
  maxAgeMs: number,
  now: () => number,
) {
  let held: { reading: CountersReading; at: number } | undefined;
  let underWay: Promise<CountersReading> | undefined;

  async function readNow(adIds: readonly string[]): Promise<CountersReading> {
    const at = now();
    try {
      const reading = await read(adIds);
      held = { reading, at };
      return reading;
    } finally {
      underWay = undefined;
    }
  }

  return async (adIds: readonly string[]): Promise<CountersReading> => {
    if (held && Math.abs(now() - held.at) < maxAgeMs) return held.reading;
    underWay ??= readNow(adIds);
    return await underWay;
  };
}
