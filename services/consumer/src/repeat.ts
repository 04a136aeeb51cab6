import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does something now and `everyMs` after each time it is done, until it is stopped.
 *
 * @param work given a signal that breaks it off when it is stopped
 * @param everyMs asked after each time where it is a function
 * @param onFailure told when it failed; the next time comes all the same
 * @returns stops it, and waits for the time that is under way
 */
export function repeat(
  work: (signal: AbortSignal) => Promise<void>,
  everyMs: number | (() => number),
  onFailure: (error: unknown) => void,
) {
  const stopping = new AbortController();
  const { signal } = stopping;
  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await work(signal).catch(onFailure);
      await delay(typeof everyMs === 'number' ? everyMs : everyMs(), undefined, { signal }).catch(() => undefined);
    }
  }
  const looping = loop();
  return async (): Promise<void> => {
    stopping.abort();
    await looping;
  };
}
