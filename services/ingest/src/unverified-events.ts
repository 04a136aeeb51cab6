import type { Logger, Metrics } from '@ads/runtime';
import { Counter } from 'prom-client';

/** Limits the events that are accepted while their ads cannot be looked up. */
export interface UnverifiedEvents {
  /** True if one more event may be accepted. Counts it. */
  allow(): boolean;
  /** Seconds until the next event may be accepted. */
  retryAfter(): number;
}

const SUMMARY_MS = 60_000;

/**
 * A token bucket of `perMinute` events. Each event may become a dead letter, so the limit holds for any number of clients.
 */
export function createUnverifiedEvents(
  perMinute: number,
  { registry }: Pick<Metrics, 'registry'>,
  logger: Pick<Logger, 'warn'>,
): UnverifiedEvents {
  const counter = new Counter({
    name: 'ingest_unverified_events_total',
    help: 'Events whose ad could not be looked up, by outcome: accepted, or refused with 503 beyond UNVERIFIED_EVENTS_PER_MINUTE.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const outcomes = { accepted: counter.labels('accepted'), refused: counter.labels('refused') };
  for (const outcome of Object.values(outcomes)) outcome.inc(0);
  let left = perMinute;
  let refilledAt = performance.now();
  let counts: { accepted: number; refused: number } | undefined;

  function count(outcome: keyof typeof outcomes): void {
    outcomes[outcome].inc();
    if (counts === undefined) {
      logger.warn('ad catalogue unavailable: events of unknown ads are accepted unverified, up to a limit', {
        event: 'ad_catalogue.unverified',
        limit_per_minute: perMinute,
      });
      const minute = { accepted: 0, refused: 0 };
      counts = minute;
      setTimeout(() => {
        const { accepted, refused } = minute;
        logger.warn(
          `ad catalogue unavailable: ${accepted} events of unknown ads were accepted and ${refused} refused in the last ${SUMMARY_MS / 1_000} s`,
          { event: 'ad_catalogue.unverified_summary', accepted, refused },
        );
        counts = undefined;
      }, SUMMARY_MS).unref();
    }
    counts[outcome] += 1;
  }

  return {
    allow() {
      const now = performance.now();
      left = Math.min(perMinute, left + ((now - refilledAt) / 60_000) * perMinute);
      refilledAt = now;
      const accepted = left >= 1;
      if (accepted) left -= 1;
      count(accepted ? 'accepted' : 'refused');
      return accepted;
    },
    retryAfter: () => Math.max(1, Math.ceil(60 / Math.max(1, perMinute))),
  };
}
