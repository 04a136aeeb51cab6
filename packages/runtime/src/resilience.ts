import {
  BrokenCircuitError,
  CircuitState,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IBreaker,
  retry,
  TaskCancelledError,
} from 'cockatiel';
import type { DependencyHealth } from './health.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { createTroubleReport } from './trouble-report.js';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** A dependency that can't be used now: it is away, hangs, or its circuit breaker is open. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
  readonly dependency: string;

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} is unavailable`, { cause });
    this.dependency = dependency;
  }
}

/** There is no connection, and one is being made in the background: trying again is no use. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** One try of a call. */
export interface Attempt {
  /** Aborted when the time is up: the call is then left alone, and whatever it holds must be given up. */
  readonly signal: AbortSignal;
}

type Call<T> = (attempt: Attempt) => Promise<T>;
type Policy = <T>(fn: Call<T>) => Promise<T>;

/** Runs calls to one dependency, and stops them while it is away. */
export interface Guard {
  /**
   * Runs `fn`, perhaps several times, so it must be idempotent.
   * @throws DependencyUnavailable when the dependency is away; else what `fn` throws, untouched.
   */
  execute<T>(fn: Call<T>): Promise<T>;
  /**
   * The same, once, and also while the breaker is open: a probe finds out whether the dependency is back, so that no
   * caller has to wait for one that hangs.
   */
  probe<T>(fn: Call<T>): Promise<T>;
  state(): BreakerState;
  /** What the last call found, and what failed lately. The breaker is slower: it opens after some failures in a row. */
  health(): DependencyHealth;
}

export interface GuardOptions {
  readonly dependency: string;
  /** Longest that one attempt may take. */
  readonly timeoutMs: number;
  /** Attempts in all: 1 is no retry. */
  readonly attempts: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** True if the dependency is to blame, false if the call is (bad data, a bug). */
  readonly isFailure: (error: unknown) => boolean;
}

const FAILURES_TO_OPEN = 5;
/** A call that hangs costs its caller the whole timeout: two in a row are enough. */
const WEIGHT_OF_TIMEOUT = 3;
const HALF_OPEN_AFTER_MS = 500;
const GAUGE: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** How the policies see that the dependency is to blame. */
class Failure extends Error {
  readonly retryable: boolean;

  constructor(cause: unknown, retryable: boolean) {
    super('failure', { cause });
    this.retryable = retryable;
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Retry around circuit breaker around timeout. */
export function createGuard(options: GuardOptions): Guard {
  const { dependency, timeoutMs, attempts, metrics, logger, isFailure } = options;
  const failures = new ConsecutiveFailures();
  const trouble = createTroubleReport(dependency, metrics, logger);
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof Failure || error instanceof TaskCancelledError),
    { breaker: failures, halfOpenAfter: HALF_OPEN_AFTER_MS },
  );
  const retries = retry(
    handleWhen((error) => error instanceof Failure && error.retryable),
    {
      maxAttempts: attempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: 20, maxDelay: 200 }),
    },
  );
  const once: Policy = (fn) => breaker.execute(() => inTime(fn, timeoutMs, () => failures.timedOut()));
  const retried: Policy = (fn) => retries.execute(() => once(fn));

  const gauge = metrics.breakerState.labels({ dependency });
  gauge.set(GAUGE.closed);
  breaker.onStateChange((state) => gauge.set(GAUGE[nameOf(state)]));
  // Told of every attempt: a retry that helps hides the failure from the caller alone.
  breaker.onSuccess(trouble.worked);
  breaker.onFailure(({ reason }) => {
    if ('error' in reason) trouble.failed(blame(reason.error));
  });

  const run = async <T>(policy: Policy, fn: Call<T>): Promise<T> => {
    const startedAt = performance.now();
    let outcome: Outcome<T>;
    try {
      outcome = await policy(async (attempt): Promise<Outcome<T>> => {
        try {
          return { value: await fn(attempt) };
        } catch (error) {
          // Data that are refused are an answer: for the breaker, the dependency is there.
          if (!(error instanceof NotConnected) && !isFailure(error)) return { error };
          // What took long once would take long again: this bounds the wait of the caller.
          const quick = performance.now() - startedAt < timeoutMs / 2;
          throw new Failure(error, quick && !(error instanceof NotConnected));
        }
      });
    } catch (error) {
      throw new DependencyUnavailable(dependency, blame(error));
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };

  return {
    state: () => nameOf(breaker.state),
    health: () => {
      const detail = trouble.detail();
      return {
        status: failures.state === 0 ? 'up' : 'down',
        breaker: nameOf(breaker.state),
        ...(detail === undefined ? {} : { detail }),
      };
    },
    execute: (fn) => {
      if (breaker.state === CircuitState.Closed) return run(retried, fn);
      return Promise.reject(new DependencyUnavailable(dependency, new Error('its circuit breaker is open')));
    },
    probe: (fn) => run(once, fn),
  };
}

/**
 * Leaves a call alone when its time is up. The timeout of cockatiel takes 12 µs, five times as much as its retry and its
 * breaker together.
 *
 * @param fn returns a promise, and does not throw
 * @throws TaskCancelledError, which the breaker knows
 */
function inTime<T>(fn: Call<T>, milliseconds: number, onTimeout: () => void): Promise<T> {
  const attempt = new TimedAttempt();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      onTimeout();
      attempt.leave();
      reject(new TaskCancelledError(`Operation timed out after ${milliseconds}ms`));
    }, milliseconds);
    fn(attempt)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}

/**
 * Has a signal only for who asks. However short its life, an AbortController outlives the collections of young garbage,
 * and what it leads to with it: one for each batch brought on three times as many collections of the whole heap.
 */
class TimedAttempt implements Attempt {
  #controller: AbortController | undefined;
  #left = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#left) this.#controller.abort();
    return this.#controller.signal;
  }

  leave(): void {
    this.#left = true;
    this.#controller?.abort();
  }
}

/** Opens the circuit after some failures in a row; a timeout counts as several. */
class ConsecutiveFailures implements IBreaker {
  state = 0;
  #weight = 1;

  timedOut(): void {
    this.#weight = WEIGHT_OF_TIMEOUT;
  }

  success(): void {
    this.state = 0;
  }

  failure(): boolean {
    this.state += this.#weight;
    this.#weight = 1;
    return this.state >= FAILURES_TO_OPEN;
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

function blame(error: unknown): unknown {
  if (error instanceof Failure) return error.cause;
  if (error instanceof BrokenCircuitError) return new Error('its circuit breaker is open');
  return error;
}

const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
]);

/** True for what goes wrong between two machines, by the `code` that Node gives. */
export function isNetworkError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && (NETWORK_ERRORS.has(code) || code.startsWith('ERR_TLS_'));
}
