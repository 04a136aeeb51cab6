import type { Logger } from '../log/logger.js';

/** What must be undone before the process ends. */
export interface Releases {
  /** Whoever opens something adds how to close it. */
  add(name: string, release: () => Promise<void> | void): void;
  /**
   * Releases all, last in, first out, one after the other. Never rejects: what fails or takes too
   * long is logged and left. A second call waits for the first.
   */
  run(): Promise<void>;
}

/** `timeoutMs` is the longest that one release is waited for. */
export function createReleases(logger: Logger, timeoutMs = 15_000): Releases {
  const stack: { name: string; release: () => Promise<void> | void }[] = [];
  let running: Promise<void> | undefined;

  const releaseOne = async (name: string, release: () => Promise<void> | void): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      await Promise.race([Promise.resolve().then(release), late]);
    } catch (error) {
      logger.error(`could not release ${name}`, { error });
    } finally {
      clearTimeout(timer);
    }
  };

  const runAll = async (): Promise<void> => {
    for (let last = stack.pop(); last !== undefined; last = stack.pop()) {
      await releaseOne(last.name, last.release);
    }
  };

  return {
    add: (name, release) => {
      stack.push({ name, release });
      // A start that a signal interrupts still opens things: those are closed right behind.
      if (running !== undefined) running = running.then(runAll);
    },
    run: () => {
      running ??= runAll();
      return running;
    },
  };
}
