import { useEffect, useState } from 'preact/hooks';
import { apiKey } from './key.js';
import { type ApiProblem, problemOf } from './problem.js';

/** A value that is read from the API. */
export interface Reading<T> {
  /** The last value, also while the next one is read or after a failed read; undefined before the first. */
  readonly value: T | undefined;
  /** Why the last read failed. */
  readonly problem: ApiProblem | undefined;
  /** True if the value belongs to other inputs than the present ones. */
  readonly isOld: boolean;
  /** Reads again. */
  readonly reload: () => void;
}

/** The times at which a value is read again. */
export interface Refresh {
  /** Milliseconds between two reads, or ten times the duration of a read if that is longer. */
  readonly everyMs: number;
  /** Returns a version of the data. While the version stays the same, the value is read again only after `atLeastMs`. */
  readonly version: () => unknown;
  readonly atLeastMs: number;
}

const RETRY_MS = 5_000;
const CHECK_MS = 1_000;

/**
 * Reads a value, again when an input or the API key changes, and after temporary failures.
 *
 * @param load must not keep the signal after it has returned
 * @param inputs compared one by one, like those of `useEffect`
 */
export function useReading<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
  refresh?: Refresh,
): Reading<T> {
  const [state, setState] = useState<{ value?: T; problem?: ApiProblem; of?: string }>({});
  const [round, setRound] = useState(0);
  const of = JSON.stringify(inputs);
  const key = apiKey.value;

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;

    const run = async () => {
      const began = performance.now();
      const version = refresh?.version();
      try {
        const value = await load(abort.signal);
        if (abort.signal.aborted) return;
        setState({ value, of });
        if (refresh === undefined) return;
        const check = () => {
          const isDue = refresh.version() !== version || performance.now() - began > refresh.atLeastMs;
          if (isDue && !document.hidden) void run();
          else timer = setTimeout(check, CHECK_MS);
        };
        timer = setTimeout(check, Math.max(refresh.everyMs, 10 * (performance.now() - began)));
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemOf(error);
        setState((before) => ({ ...before, problem }));
        if (problem.kind === 'temporary') {
          timer = setTimeout(() => void run(), Math.max(problem.retryAfterMs, RETRY_MS * (0.5 + Math.random())));
        }
      }
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [of, key, round]);

  return {
    value: state.value,
    problem: state.problem,
    isOld: state.value !== undefined && state.of !== of,
    reload: () => setRound((count) => count + 1),
  };
}
