import { join } from 'node:path';
import { readMetrics, type ServiceSlot } from '@ads/harness';
import { type ServiceName, shiftedClock } from '@ads/local';
import type { Fault } from './fault.js';

const HOUR_MS = 3_600_000;
/** The tolerance in seconds. The service measures the skew only once a second, and against another clock. */
const MEASURED_WITHIN_SECONDS = 5;

/**
 * Sets the clock of one process hours ahead or behind, or to 1970, at its start or while it runs. At the end the clock
 * is corrected while the process runs. No click may change its time, and no window may be wrong.
 */
function shiftClock(service: ServiceName): Fault {
  return {
    name: `clock-${service}`,
    ...(service === 'ingest' ? { killsIngest: true } : {}),
    signals: ['clock skew'],
    async run({ stack, random, last, expect }) {
      const slot = random.pick(stack.slotsOf(service));
      const shift = random.pick([
        random.integer(2, 12) * HOUR_MS,
        -random.integer(2, 12) * HOUR_MS,
        random.integer(1, 23) * HOUR_MS - Date.now(),
      ]);
      const isWrongFromTheStart = random.chance(0.5);
      const clock = shiftedClock(join(stack.folder, `clock-of-${slot.name}`), isWrongFromTheStart ? shift : 0);
      try {
        await slot.kill();
        await slot.start(clock.nodeArgs);
        await last(1);
        clock.shift(shift);
        const skew = shift / 1_000;
        await expect(`clock_skew_seconds of ${slot.name} to be ${skew}`, 10_000, () => showsSkew(slot, skew));
        await last(5);
      } finally {
        clock.shift(0);
      }
    },
  };
}

/** True when `/metrics` reports this skew against Postgres, in seconds. */
async function showsSkew(slot: ServiceSlot, seconds: number): Promise<boolean> {
  const metric = await readMetrics(slot.process.port);
  return (
    Math.abs((metric('clock_skew_seconds{reference="postgres"') ?? Number.NaN) - seconds) < MEASURED_WITHIN_SECONDS
  );
}

/** One service has a wrong clock; the servers have the right time. */
export const clocks: readonly Fault[] = [shiftClock('ingest'), shiftClock('consumer'), shiftClock('analytics')];
