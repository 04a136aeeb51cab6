import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The timeout and interval of a wait, and the text for its error. */
export interface WaitOptions {
  /** Timeout in milliseconds. On an overloaded machine it grows in proportion to the load. */
  timeoutMs: number;
  /** The end of the error message: "Timed out after 5 s waiting for …". */
  what: string;
  /** Milliseconds between two checks; by default 25. */
  intervalMs?: number;
}

/**
 * Repeats `condition` until its result is truthy, and returns the result. An error of `condition` counts as a false result;
 * the last one becomes the cause of the timeout error.
 * @throws Error after `timeoutMs`, multiplied by the load per core if that is above 1
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
    if (waitedMs >= timeoutMs && waitedMs >= timeoutMs * patience()) {
      const last = cause instanceof Error ? ` (last: ${cause.message})` : '';
      throw new Error(`Timed out after ${Math.round(waitedMs / 100) / 10} s waiting for ${what}${last}`, { cause });
    }
    await sleep(intervalMs);
  }
}

const MOST_PATIENCE = 10;

/** The factor for timeouts: runnable processes per core, between 1 and 10. */
function patience(): number {
  const [lastMinute = 0] = loadavg();
  return Math.min(Math.max(lastMinute / availableParallelism(), 1), MOST_PATIENCE);
}
