import type { LedgerIdentity } from '@ads/models';
import type { Logger } from '@ads/runtime';
import type { ConsumerMetrics } from './consumer-metrics.js';
import type { Incidents } from './incidents.js';
import type { CountersObserver } from './keep-counters.js';

/** The last known state of the ledger and its counters. {@link CountersObserver} methods update, log and measure it. */
export interface CountersStatus extends CountersObserver {
  /** The identity of the ledger; undefined until it was read. */
  ledger(): LedgerIdentity | undefined;
  /** Why the counters in Redis are not trusted; undefined while they are, and until the first check. */
  distrust(): string | undefined;
}

export function createCountersStatus(
  logger: Logger,
  metrics: Pick<ConsumerMetrics, 'trusted' | 'rebuilt'>,
  incidents: Incidents,
): CountersStatus {
  const upkeep = incidents.declare({
    subject: 'check of the counters',
    beginEvent: 'counters.upkeep_retrying',
    endEvent: 'counters.upkeep_recovered',
  });
  let ledger: LedgerIdentity | undefined;
  let distrust: string | undefined;
  return {
    ledger: () => ledger,
    distrust: () => distrust,
    onLedger(identity) {
      if (ledger !== undefined && identity !== ledger) {
        logger.warn('ledger changed: Postgres was restored, replaced, restarted or recounted; Redis is refilled', {
          event: 'ledger.changed',
          from: ledger,
          to: identity,
        });
      }
      ledger = identity;
    },
    onTrust(trusted) {
      metrics.trusted(trusted);
      if (!trusted || distrust === undefined) return;
      distrust = undefined;
      logger.info('counters in Redis are trusted again', { event: 'counters.trusted' });
    },
    onDistrust(reason) {
      distrust = reason;
      logger.info(`counters in Redis are not trusted: ${reason}`, {
        event: 'counters.untrusted',
        reason,
      });
    },
    onRebuild(rebuild, milliseconds) {
      if (rebuild.state === 'done') {
        metrics.rebuilt(milliseconds / 1_000);
        logger.info('counters in Redis were rebuilt', { event: 'counters.rebuilt', ads: rebuild.ads, milliseconds });
      } else {
        logger.info(`rebuild of the counters was interrupted and is retried: ${rebuild.reason}`, {
          event: 'counters.rebuild_interrupted',
          reason: rebuild.reason,
          milliseconds,
        });
      }
    },
    onFailure: upkeep.failed,
    onSuccess: upkeep.succeeded,
  };
}
