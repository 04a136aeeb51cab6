import type { Logger } from '../log/logger.js';
import { within } from '../timers/within.js';

type Hook = () => Promise<void> | void;

/** The shutdown hooks of a process. Code that opens something adds the hook that closes it. */
export interface Shutdown {
  /** @param name names what the hook closes, in the log */
  add(name: string, hook: Hook): void;
  /**
   * Runs all hooks one after the other, last in, first out. Never rejects: a hook that fails or takes too long is logged,
   * and the next one runs. A second call waits for the first.
   */
  run(): Promise<void>;
}

/** @param timeoutMs limit for each hook */
export function createShutdown(logger: Logger, timeoutMs = 15_000): Shutdown {
  const stack: { name: string; hook: Hook }[] = [];
  let running: Promise<void> | undefined;

  const runHook = async (name: string, hook: Hook): Promise<void> => {
    try {
      await within(timeoutMs, Promise.resolve().then(hook));
    } catch (error) {
      logger.error(`shutdown hook failed: ${name}`, { event: 'shutdown.hook_failed', hook: name, error });
    }
  };

  const runAll = async (): Promise<void> => {
    for (let last = stack.pop(); last !== undefined; last = stack.pop()) await runHook(last.name, last.hook);
  };

  return {
    add: (name, hook) => {
      stack.push({ name, hook });
      // A signal may arrive during the start. Resources that the start opens after that must be closed too.
      if (running !== undefined) running = running.then(runAll);
    },
    run: () => {
      running ??= runAll();
      return running;
    },
  };
}
