import type { Nats } from '@ads/connections';
import type { CounterStore, Database } from '@ads/ledger';
import { every, type Logger } from '@ads/runtime';
import { type AuditObserver, createAudit } from './audit.js';
import type { ConsumerMetrics } from './consumer-metrics.js';
import { readSequences } from './ledger-consumer.js';
import type { RecentAds } from './recent-ads.js';

/** Far longer than the time between a commit and its raise, even on a busy machine. */
const LASTING_MS = 15_000;

export interface RunAuditOptions {
  readonly database: Database;
  readonly store: CounterStore;
  readonly nats: Pick<Nats, 'run'>;
  readonly recentAds: RecentAds;
  readonly everyMs: number;
  readonly counted: Pick<ConsumerMetrics, 'audited' | 'mismatch'>;
  readonly logger: Logger;
}

/** Audits the counters in Redis every `everyMs`. @returns stops it */
export function runAudit(options: RunAuditOptions): () => Promise<void> {
  const { database, store, nats, recentAds, everyMs, counted, logger } = options;
  const audit = createAudit({
    database,
    store,
    readSequences: () => nats.run(readSequences),
    recentAds: recentAds.list,
    lastingMs: LASTING_MS,
    random: Math.random,
    observer: auditObserver(logger, counted),
  });
  return every(everyMs, audit, {
    onError: (error) => logger.debug('counters could not be audited', { event: 'counters.audit_failed', error }),
  }).stop;
}

function auditObserver(logger: Logger, counted: RunAuditOptions['counted']): AuditObserver {
  return {
    onAudited: counted.audited,
    onMismatch: (difference, direction) => {
      counted.mismatch(direction);
      logger.error(`counter in Redis differs from Postgres (${direction}): Postgres answers until Redis is refilled`, {
        event: 'counters.mismatch',
        direction,
        ...difference,
      });
    },
  };
}
