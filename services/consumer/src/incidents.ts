import { DependencyUnavailable, type LogEvent, type Logger, reasonOf } from '@ads/runtime';

/** One kind of failure that is retried until it succeeds. */
export interface IncidentKind {
  /** Subject of the messages, like `recording`. */
  readonly subject: string;
  readonly beginEvent: LogEvent;
  readonly endEvent: LogEvent;
}

/**
 * A failure that repeats.
 *
 * It is closed at first. `failed` opens it, and `succeeded` closes it again.
 */
export interface Incident {
  /** Logs an error when the incident opens, and when its reason changes. */
  failed(error: unknown): void;
  /** Logs the end of an open incident. */
  succeeded(): void;
}

/** The incidents of a process. */
export interface Incidents {
  declare(kind: IncidentKind): Incident;
  /** True while any incident is open. */
  isOpen(): boolean;
}

/**
 * An outage of a dependency opens no incident, because the circuit breaker logs it and it ends without an operator. Other
 * failures, such as a missing table or a revoked right, last until an operator corrects them. They are logged once, not at each
 * retry.
 */
export function createIncidents(logger: Logger): Incidents {
  const open = new Map<IncidentKind, { readonly reason: string; readonly attempts: number }>();
  return {
    declare: (kind) => ({
      failed(error) {
        if (error instanceof DependencyUnavailable) return;
        const reason = reasonOf(error);
        const before = open.get(kind);
        open.set(kind, { reason, attempts: (before?.attempts ?? 0) + 1 });
        if (before?.reason === reason) return;
        logger.error(`${kind.subject} failed and is retried: ${reason}`, { event: kind.beginEvent, error });
      },
      succeeded() {
        const attempts = open.get(kind)?.attempts;
        if (attempts === undefined) return;
        open.delete(kind);
        logger.info(`${kind.subject} recovered after ${attempts} failed attempts`, { event: kind.endEvent, attempts });
      },
    }),
    isOpen: () => open.size > 0,
  };
}
