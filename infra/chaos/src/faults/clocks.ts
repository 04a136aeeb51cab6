import { join } from 'node:path';
import type { ServiceSlot } from '@ads/harness';
import { type ServiceName, shiftedClock, waitFor } from '@ads/local';
import type { Fault } from './fault.js';

const HOUR_MS = 3_600_000;
/** The tolerance: the service measures the skew each second, with another clock than ours. */
const MEASURED_WITHIN_SECONDS = 5;

/**
 * Gives one process a clock that is hours ahead or behind, or in 1970, from its start or while it runs. At the end the clock
 * is corrected while the process runs. No click may change its time, and no window may be wrong.
 */
function shiftClock(service: ServiceName): Fault {
  return {
    name: `clock-${service}`,
    signals: ['clock skew'],
    async run({ stack, random, last, complain }) {
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
        await waitFor(() => showsSkew(slot, shift / 1_000), {
          what: `clock_skew_seconds of ${slot.name} to be ${shift / 1_000}`,
          timeoutMs: 10_000,
        }).catch((error: Error) => complain(error.message));
        await last(5);
      } finally {
        clock.shift(0);
      }
    },
  };
}

/** True when `/metrics` reports this skew against Postgres, in seconds. */
async function showsSkew(slot: ServiceSlot, seconds: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${slot.process.port}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const shown = /^clock_skew_seconds\{reference="postgres".*\} (\S+)$/m.exec(await answer.text())?.[1];
  return Math.abs(Number(shown) - seconds) < MEASURED_WITHIN_SECONDS;
}

/** One service has a wrong clock; the servers have the right time. */
export const clocks: readonly Fault[] = [shiftClock('ingest'), shiftClock('consumer'), shiftClock('analytics')];
