import { type Logger, type Metrics, reasonOf } from '@ads/runtime';

/** The state of a dependency and the reason for it; see `createIncidentTracker`. */
export interface DependencyStatus {
  readonly isDown: boolean;
  /** The message of the current or most recent failure; undefined outside an incident. */
  readonly detail: string | undefined;
}

/** Tracks the failures of one dependency. */
export interface IncidentTracker {
  /**
   * Records a failed attempt.
   *
   * @param provenAfterMs after this time, the success of any other operation (such as a ping) ends this failure. 0 if the
   *   server was not reached: then any success ends it at once
   */
  failed(operation: string, error: unknown, provenAfterMs: number): void;
  /** Records a successful attempt. */
  worked(operation: string): void;
  status(): DependencyStatus;
}

/** An incident ends after this time without a failure. A dependency that never worked gets the same time to start. */
const QUIET_MS = 2_000;
/** If a new incident begins within this time, its quiet time doubles, so that the state does not flap. */
const SOON_MS = 30_000;
const LONGEST_QUIET_MS = 16_000;

interface Failing {
  readonly reason: string;
  readonly last: number;
  readonly provenAfterMs: number;
}

interface Incident {
  readonly since: number;
  readonly quietMs: number;
  last: number;
  reason: string;
  logged: boolean;
  /** All operations worked again and one failed after that: then the dependency stays down until the incident ends. */
  relapsed: boolean;
}

/**
 * Tracks the failures of one dependency.
 *
 * Each operation is judged separately: with a full disk Postgres still answers pings, and with full memory Redis still
 * answers reads. A failed operation counts as failing until it succeeds, or until other operations have succeeded for
 * `provenAfterMs`, because it may never be called again.
 *
 * An *incident* lasts from the first failure until nothing has failed for 2 to 16 s. Its beginning and its end are logged
 * once each; the metric counts every failure.
 * - While any operation fails, the dependency is down.
 * - When all operations work again, it is up at once.
 * - If one fails again within the same incident (a relapse), the dependency stays down until the incident ends.
 */
export function createIncidentTracker(dependency: string, metrics: Metrics, logger: Logger): IncidentTracker {
  const failures = metrics.dependencyFailures.labels({ dependency });
  failures.inc(0);
  const failing = new Map<string, Failing>();
  let incident: Incident | undefined;
  let before: { readonly quietMs: number; readonly ended: number } | undefined;
  let everWorked = false;

  const begin = (now: number, reason: string): Incident => {
    const soon = before !== undefined && now - before.ended < SOON_MS ? before : undefined;
    return {
      since: now,
      quietMs: soon === undefined ? QUIET_MS : Math.min(2 * soon.quietMs, LONGEST_QUIET_MS),
      last: now,
      reason,
      logged: false,
      relapsed: soon !== undefined,
    };
  };

  return {
    failed(operation, error, provenAfterMs) {
      failures.inc();
      const now = performance.now();
      const reason = reasonOf(error);
      if (incident === undefined) incident = begin(now, reason);
      else if (failing.size === 0) incident.relapsed = true;
      incident.last = now;
      incident.reason = reason;
      failing.set(operation, { reason, last: now, provenAfterMs });
      if (incident.logged || !(everWorked || now - incident.since >= QUIET_MS)) return;
      incident.logged = true;
      logger.warn(`dependency unavailable: ${dependency}: ${reason}`, {
        event: 'dependency.down',
        dependency,
        operation,
        error,
      });
    },
    worked(operation) {
      if (incident === undefined) {
        everWorked = true;
        return;
      }
      const now = performance.now();
      failing.delete(operation);
      for (const [other, { last, provenAfterMs }] of failing) {
        if (now - last >= provenAfterMs) failing.delete(other);
      }
      // A dependency that only had to start cannot relapse.
      const wasStarting = !everWorked && !incident.logged;
      everWorked = true;
      if (failing.size > 0 || (!wasStarting && now - incident.last < incident.quietMs)) return;
      const { since, quietMs, logged } = incident;
      incident = undefined;
      if (!logged) return;
      before = { quietMs, ended: now };
      const seconds = Math.round((now - since) / 1_000);
      logger.info(`dependency recovered: ${dependency}: after ${seconds} s`, {
        event: 'dependency.recovered',
        dependency,
        seconds,
      });
    },
    status() {
      if (incident === undefined) return { isDown: false, detail: undefined };
      // Failures that a ping cannot find come first.
      const worst = [...failing.values()].sort((a, b) => b.provenAfterMs - a.provenAfterMs || b.last - a.last)[0];
      return { isDown: failing.size > 0 || incident.relapsed, detail: worst?.reason ?? incident.reason };
    },
  };
}
