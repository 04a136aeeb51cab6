import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait, how often to look, and what to call the thing when it does not come. */
export interface WaitOptions {
  /** Milliseconds until it gives up. */
  timeoutMs: number;
  /** What is waited for, as the end of "Waited 5 s in vain for …". */
  what: string;
  /** Milliseconds between two looks; 25 unless told. */
  intervalMs?: number;
}

/**
 * Looks again and again until `condition` gives something truthy, and returns that.
 * A condition that throws counts as "not yet"; its last error is the cause of the final one.
 * @throws Error when `timeoutMs` have passed.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs, what, intervalMs = 25 }: WaitOptions,
): Promise<Exclude<Awaited<T>, false | null | undefined | 0 | ''>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result as Exclude<Awaited<T>, false | null | undefined | 0 | ''>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const last = cause instanceof Error ? ` (last: ${cause.message})` : '';
      throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}${last}`, { cause });
    }
    await sleep(intervalMs);
  }
}
