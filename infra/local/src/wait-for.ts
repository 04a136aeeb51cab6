import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait, how often to look, and what to call the thing when it does not come. */
export interface WaitOptions {
  /** Milliseconds until it gives up, on a machine that is not overloaded; else in proportion to its load. */
  timeoutMs: number;
  /** The end of the error message: "Waited 5 s in vain for …". */
  what: string;
  /** Milliseconds between two checks; by default 25. */
  intervalMs?: number;
}

/**
 * Looks again and again until `condition` gives something truthy, and returns that.
 * A condition that throws counts as "not yet"; its last error is the cause of the final one.
 * @throws Error when `timeoutMs` have passed, or as many times more as the machine has more to do than it can.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs, what, intervalMs = 25 }: WaitOptions,
): Promise<Exclude<Awaited<T>, false | null | undefined | 0 | ''>> {
  const since = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result as Exclude<Awaited<T>, false | null | undefined | 0 | ''>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const waitedMs = performance.now() - since;
    if (waitedMs >= timeoutMs * patience()) {
      const last = cause instanceof Error ? ` (last: ${cause.message})` : '';
      throw new Error(`Waited ${Math.round(waitedMs / 100) / 10} s in vain for ${what}${last}`, { cause });
    }
    await sleep(intervalMs);
  }
}

const MOST_PATIENCE = 10;

/** How many times longer than on a quiet machine something may take: processes that want to run, per core. */
function patience(): number {
  const [lastMinute = 0] = loadavg();
  return Math.min(Math.max(lastMinute / availableParallelism(), 1), MOST_PATIENCE);
}
