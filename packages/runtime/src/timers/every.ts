/** Work that is repeated until it is stopped. */
export interface Repetition {
  /** Skips the pause before the next run. During a run, the next one follows without a pause. */
  runSoon(): void;
  /** Ends the repetition. Resolves when the run in progress has ended. */
  stop(): Promise<void>;
}

export interface RepetitionOptions {
  /** Milliseconds before the first run; by default it starts at once. */
  readonly delayMs?: number;
  /** Called for each run that fails; the next run follows as usual. By default an error ends the process. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Repeats `work`, with a pause of `ms` between the end of one run and the start of the next. The pause does not keep the
 * process alive.
 *
 * @param ms milliseconds; a function is called at the end of each run
 * @param work gets a signal that `stop` aborts. Errors after that are dropped
 * @example shutdown.add('probe', every(1_000, postgres.ping, { onError: log }).stop);
 */
export function every(
  ms: number | (() => number),
  work: (signal: AbortSignal) => Promise<void> | void,
  { delayMs = 0, onError }: RepetitionOptions = {},
): Repetition {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isNextDue = false;
  let endPause: () => void = () => undefined;

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    try {
      await work(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (onError === undefined) throw error;
      onError(error);
    }
  };

  const repeat = async (): Promise<void> => {
    if (delayMs > 0) await pause(delayMs);
    while (!signal.aborted) {
      isNextDue = false;
      await run();
      if (!isNextDue && !signal.aborted) await pause(typeof ms === 'number' ? ms : ms());
    }
  };
  const repeating = repeat();

  return {
    runSoon() {
      isNextDue = true;
      endPause();
    },
    async stop() {
      stopping.abort();
      endPause();
      await repeating;
    },
  };
}
