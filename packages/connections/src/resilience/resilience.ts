import {
  type BreakerState,
  type DependencyHealth,
  DependencyUnavailable,
  type Logger,
  type Metrics,
} from '@ads/runtime';
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

import { createIncidentTracker } from './incidents.js';

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
type Policy = <T>(fn: Call<T>, operation: string) => Promise<T>;

/** Runs calls to one dependency, and stops them while it is away. */
export interface Guard {
  /**
   * Runs `fn`, perhaps several times, so it must be idempotent.
   *
   * @param operation what it does, out of few names: `health` judges each operation by itself
   * @throws DependencyUnavailable when the dependency is unavailable; else what `fn` throws, untouched.
   */
  execute<T>(fn: Call<T>, operation?: string): Promise<T>;
  /**
   * The same, once, and also while the breaker is open: a probe finds out whether the dependency is back, so that no
   * caller has to wait for one that hangs.
   */
  probe<T>(fn: Call<T>): Promise<T>;
  /** Reports a failure that no call has seen, such as a connection that was lost or could not be made. */
  failed(error: unknown): void;
  state(): BreakerState;
  /**
   * The result of the last calls, and the failures of late. A ping that succeeds does not hide that work fails. The breaker is slower
   * than this: it opens after some failures in a row.
   */
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
  /**
   * True if the server was reached and refuses this operation: its disk is full, or a right is missing. Then a ping proves
   * nothing. Where it is no failure (`isFailure`) it is thrown untouched, and only `health` shows it.
   */
  readonly isRefusal?: (error: unknown) => boolean;
  /** True for an error that says that an answer did not come in time. It is as bad as the timeout of the guard itself. */
  readonly isTimeout?: (error: unknown) => boolean;
}

const FAILURES_TO_OPEN = 5;
/** A call that hangs costs its caller the whole timeout: two in a row are enough. */
const WEIGHT_OF_TIMEOUT = 3;
const HALF_OPEN_AFTER_MS = 500;
/** How long an operation that was refused counts as failing while nobody asks for it again. */
const REFUSED_MS = 30_000;
/** The same for one that was not answered. */
const UNANSWERED_MS = 5_000;
const WORK = 'work';
const PING = 'ping';
const CONNECTION = 'connection';
/**
 * The library measures this by the system clock: one that is set back by an hour would keep the circuit open for an hour.
 * So it lets every call pass, and the time is measured here.
 */
const AT_ONCE = Number.NEGATIVE_INFINITY;
const GAUGE: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** How the policies see that the dependency is to blame. */
class Failure extends Error {
  readonly operation: string;
  readonly retryable: boolean;

  constructor(operation: string, cause: unknown, retryable: boolean) {
    super('failure', { cause });
    this.operation = operation;
    this.retryable = retryable;
  }
}

class TimedOut extends TaskCancelledError {
  readonly operation: string;

  constructor(operation: string, milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.operation = operation;
  }
}

const never = (): boolean => false;

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Retry around circuit breaker around timeout. */
export function createGuard(options: GuardOptions): Guard {
  const { dependency, timeoutMs, attempts, metrics, logger, isFailure, isRefusal = never, isTimeout = never } = options;
  const failures = new ConsecutiveFailures();
  const incidents = createIncidentTracker(dependency, metrics, logger);
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof Failure || error instanceof TaskCancelledError),
    { breaker: failures, halfOpenAfter: AT_ONCE },
  );
  let openedAt = Number.NEGATIVE_INFINITY;
  breaker.onBreak(() => {
    openedAt = performance.now();
  });
  const isResting = () => breaker.state === CircuitState.Open && performance.now() - openedAt < HALF_OPEN_AFTER_MS;
  const retries = retry(
    handleWhen((error) => error instanceof Failure && error.retryable),
    {
      maxAttempts: attempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: 20, maxDelay: 200 }),
    },
  );
  const once: Policy = (fn, operation) => {
    if (isResting()) return Promise.reject(new BrokenCircuitError());
    return breaker.execute(() => inTime(fn, operation, timeoutMs, () => failures.timedOut()));
  };
  const retried: Policy = (fn, operation) => retries.execute(() => once(fn, operation));

  const gauge = metrics.breakerState.labels({ dependency });
  gauge.set(GAUGE.closed);
  breaker.onStateChange((state) => gauge.set(GAUGE[nameOf(state)]));
  const provenAfterMs = (error: unknown): number => {
    if (error instanceof TimedOut || isTimeout(error)) return UNANSWERED_MS;
    return isRefusal(error) ? REFUSED_MS : 0;
  };
  // Every attempt counts: a retry that helps hides the failure from the caller alone.
  breaker.onFailure(({ reason }) => {
    if (!('error' in reason)) return;
    const { error } = reason;
    const operation = error instanceof Failure || error instanceof TimedOut ? error.operation : WORK;
    incidents.failed(operation, blame(error), provenAfterMs(blame(error)));
  });

  const run = async <T>(policy: Policy, fn: Call<T>, operation: string): Promise<T> => {
    const startedAt = performance.now();
    let outcome: Outcome<T>;
    try {
      outcome = await policy(async (attempt): Promise<Outcome<T>> => {
        try {
          return { value: await fn(attempt) };
        } catch (error) {
          const isLost = error instanceof NotConnected;
          // Data that are refused are an answer: for the breaker, the dependency is there. A ping has none to refuse.
          if (!isLost && operation !== PING && !isFailure(error)) return { error };
          // What took long once would take long again: this bounds the wait of the caller.
          const quick = performance.now() - startedAt < timeoutMs / 2;
          const unanswered = isTimeout(error);
          if (unanswered) failures.timedOut();
          throw new Failure(operation, error, quick && !isLost && !unanswered);
        }
      }, operation);
    } catch (error) {
      throw new DependencyUnavailable(dependency, blame(error));
    }
    if ('error' in outcome) {
      if (isRefusal(outcome.error)) incidents.failed(operation, outcome.error, REFUSED_MS);
      else incidents.worked(PING);
      throw outcome.error;
    }
    incidents.worked(operation);
    return outcome.value;
  };

  return {
    state: () => nameOf(breaker.state),
    failed: (error) => incidents.failed(CONNECTION, error, 0),
    health: () => {
      const { isDown, detail } = incidents.status();
      return {
        status: isDown ? 'down' : 'up',
        breaker: nameOf(breaker.state),
        ...(detail === undefined ? {} : { detail }),
      };
    },
    execute: (fn, operation = WORK) => {
      if (breaker.state === CircuitState.Closed) return run(retried, fn, operation);
      return Promise.reject(new DependencyUnavailable(dependency, new Error('its circuit breaker is open')));
    },
    probe: (fn) => run(once, fn, PING),
  };
}

/**
 * Leaves a call alone when its time is up. The timeout of cockatiel takes 12 µs, five times as much as its retry and its
 * breaker together.
 *
 * @param fn returns a promise, and does not throw
 * @throws TaskCancelledError, which the breaker knows
 */
function inTime<T>(fn: Call<T>, operation: string, milliseconds: number, onTimeout: () => void): Promise<T> {
  const attempt = new TimedAttempt();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      onTimeout();
      attempt.leave();
      reject(new TimedOut(operation, milliseconds));
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
