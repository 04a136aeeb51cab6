export type BreakerState = 'closed' | 'half-open' | 'open';

export interface DependencyHealth {
  readonly status: 'up' | 'down';
  readonly breaker: BreakerState;
  /** The current or most recent failure. */
  readonly detail?: string;
}

/** A dependency is unavailable: it is unreachable, hangs, or its circuit breaker is open. */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable';
  readonly dependency: string;

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} is unavailable`, { cause });
    this.dependency = dependency;
  }
}
