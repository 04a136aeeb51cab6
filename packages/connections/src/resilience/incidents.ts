import { type Logger, type Metrics, reasonOf } from '@ads/runtime';

/** The state of a dependency, and the reason for it: see `createIncidentTracker`. */
export interface DependencyStatus {
  readonly isDown: boolean;
  /** The words of what fails, or failed lately. */
  readonly detail: string | undefined;
}

/** What is known of the failures of one dependency. */
export interface IncidentTracker {
  /**
   * An attempt failed.
   *
   * @param provenAfterMs how long this operation must not have failed before another one that works (a ping, say) proves
   *   that this one does too; 0 where the server was not reached, which anything that works proves
   */
  failed(operation: string, error: unknown, provenAfterMs: number): void;
  worked(operation: string): void;
  status(): DependencyStatus;
}

/** How long nothing may fail until an incident is over. What never worked yet may only be starting, and is given as long. */
const QUIET_MS = 2_000;
/** An incident that follows another one so soon has to be quiet for twice as long, so that nothing flaps. */
const SOON_MS = 30_000;
const LONGEST_QUIET_MS = 16_000;

interface Failing {
  readonly words: string;
  readonly last: number;
  readonly provenAfterMs: number;
}

interface Incident {
  readonly since: number;
  readonly quietMs: number;
  last: number;
  words: string;
  logged: boolean;
  /** It worked meanwhile, and failed again: only quiet is believed from now on. */
  relapsed: boolean;
}

/**
 * Follows the failures of one dependency.
 *
 * Each operation is judged by itself: with a full disk Postgres answers pings, and with full memory Redis answers reads. An
 * operation that failed fails until it works, or until others have worked for so long that it may be forgotten: nobody may
 * have asked for it again.
 *
 * An *incident* lasts from the first failure until nothing has failed for a while. It is logged once when it begins and
 * once when it is over; the metric counts each failure. While an operation fails the dependency is down. When all work
 * again it is up at once, the first time in an incident; after a relapse only when the incident is over.
 */
export function createIncidentTracker(dependency: string, metrics: Metrics, logger: Logger): IncidentTracker {
  const failures = metrics.dependencyFailures.labels({ dependency });
  failures.inc(0);
  const failing = new Map<string, Failing>();
  let incident: Incident | undefined;
  let before: { readonly quietMs: number; readonly ended: number } | undefined;
  let everWorked = false;

  const begin = (now: number, words: string): Incident => {
    const soon = before !== undefined && now - before.ended < SOON_MS ? before : undefined;
    return {
      since: now,
      quietMs: soon === undefined ? QUIET_MS : Math.min(2 * soon.quietMs, LONGEST_QUIET_MS),
      last: now,
      words,
      logged: false,
      relapsed: soon !== undefined,
    };
  };

  return {
    failed(operation, error, provenAfterMs) {
      failures.inc();
      const now = performance.now();
      const words = reasonOf(error);
      if (incident === undefined) incident = begin(now, words);
      else if (failing.size === 0) incident.relapsed = true;
      incident.last = now;
      incident.words = words;
      failing.set(operation, { words, last: now, provenAfterMs });
      if (incident.logged || !(everWorked || now - incident.since >= QUIET_MS)) return;
      incident.logged = true;
      logger.warn(`dependency unavailable: ${dependency}: ${words}`, {
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
      // What only had to start is no trouble that could come back.
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
      // What a ping would not find is said first.
      const worst = [...failing.values()].sort((a, b) => b.provenAfterMs - a.provenAfterMs || b.last - a.last)[0];
      return { isDown: failing.size > 0 || incident.relapsed, detail: worst?.words ?? incident.words };
    },
  };
}
