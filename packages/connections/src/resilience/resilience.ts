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

/** There is no connection yet, and the client connects in the background. A retry cannot help. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** One attempt of a call. */
export interface Attempt {
  /** Aborts after the timeout. The call is then abandoned and must release what it holds. */
  readonly signal: AbortSignal;
}

type Call<T> = (attempt: Attempt) => Promise<T>;
type Policy = <T>(fn: Call<T>, operation: string) => Promise<T>;

/** Runs calls to one dependency, and rejects them at once while it is unavailable. */
export interface Guard {
  /**
   * Runs `fn`. It may run again after a failure, so it must be idempotent.
   *
   * @param operation name of the operation, from a small set: `health` judges each operation separately
   * @throws DependencyUnavailable if the dependency is unavailable; otherwise the error of `fn`, unchanged
   */
  execute<T>(fn: Call<T>, operation?: string): Promise<T>;
  /**
   * Runs `fn` once, even while the circuit breaker is open. A probe finds out whether the dependency has recovered, so that no
   * caller waits for a dependency that hangs.
   */
  probe<T>(fn: Call<T>): Promise<T>;
  /** Records a failure outside a call, such as a lost connection. */
  failed(error: unknown): void;
  state(): BreakerState;
  /**
   * The state after the latest calls. A successful ping does not hide that another operation fails. The circuit breaker reacts
   * later: it opens after several failures in a row.
   */
  health(): DependencyHealth;
}

export interface GuardOptions {
  readonly dependency: string;
  /** Timeout of one attempt. */
  readonly timeoutMs: number;
  /** Number of attempts; 1 means no retry. */
  readonly attempts: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** True if the dependency is at fault, false if the call is (bad data, a bug). */
  readonly isFailure: (error: unknown) => boolean;
  /**
   * True if the server answers and refuses this operation: full disk, missing permission. A successful ping does not clear
   * such an error. If `isFailure` is false for it, the caller gets it unchanged, and only `health` shows it.
   */
  readonly isRefusal?: (error: unknown) => boolean;
  /** True for a timeout error of the client. It counts like the timeout of the guard. */
  readonly isTimeout?: (error: unknown) => boolean;
}

const FAILURES_TO_OPEN = 5;
/** Weight of a timeout: a hanging call costs its caller the whole timeout, so two in a row open the circuit. */
const WEIGHT_OF_TIMEOUT = 3;
const HALF_OPEN_AFTER_MS = 500;
/** How long a refused operation counts as failing if it is not called again. */
const REFUSED_MS = 30_000;
/** The same for an operation that timed out. */
const UNANSWERED_MS = 5_000;
const WORK = 'work';
const PING = 'ping';
const CONNECTION = 'connection';
/**
 * cockatiel measures the open time by the system clock: if that clock is set back by an hour, the circuit stays open for an
 * hour. cockatiel therefore half-opens at once, and the guard measures the time by a monotonic clock.
 */
const AT_ONCE = Number.NEGATIVE_INFINITY;
const GAUGE: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

/** Marks a failure of the dependency for the policies. */
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

/** Combines retry, circuit breaker and timeout, from the outside to the inside. */
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
  // Every attempt counts: a successful retry hides the failure from the caller only.
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
          // A data error proves that the server answers, so the breaker counts it as success. Pings cannot have data errors.
          if (!isLost && operation !== PING && !isFailure(error)) return { error };
          // Slow attempts are not repeated. This limits the wait of the caller.
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
 * Abandons a call after its timeout. cockatiel's own timeout takes 12 µs, five times as much as its retry and breaker
 * together.
 *
 * @param fn returns a promise and does not throw
 * @throws TaskCancelledError, which the breaker handles
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
 * Creates its signal only on request. An AbortController outlives the collections of young garbage, together with all
 * objects that it refers to: one per batch caused three times as many full collections.
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

/** Opens the circuit after five failures in a row; a timeout counts as three. */
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
