import { gateRules } from '@ads/connections';
import { createLedger, type Outcome } from '@ads/ledger';
import type { AdEvent } from '@ads/models';
import { type Clock, minutesKept, type ProcessContext } from '@ads/runtime';
import type { IngestConfig } from './config.js';
import type { Connections } from './connections.js';
import { createGroupCommit, type GroupCommit } from './group-commit.js';
import { addressHider } from './hide-address.js';
import { createIngestMetrics, type IngestMetrics } from './ingest-metrics.js';
import { createPublisher, isUnanswered } from './publish-events.js';
import { createBatchStore, type StoreResult } from './store-batch.js';
import { traceBatches } from './trace-batches.js';

/**
 * The path of an event after its validation: it gets its country, `IP_MODE` hides its address, and it is collected into a batch,
 * which goes to JetStream or to the ledger. Every event takes this path.
 */
export interface EventStore {
  /** Resolves with the result of the event. Rejects if the event was not processed. */
  readonly store: (event: AdEvent) => Promise<StoreResult>;
  /** Stores several events, and resolves with the result or the error of each, in order. */
  readonly storeAll: (events: readonly AdEvent[]) => Promise<readonly PromiseSettledResult<StoreResult>[]>;
  readonly counted: Pick<IngestMetrics, 'accepted'>;
}

type Change = (event: AdEvent) => AdEvent;

/**
 * Opens the store; its shutdown hook waits for the events in flight.
 *
 * @param addCountry adds the country of the viewer's address; undefined without `GEOIP_DB`
 * @param onInvalid called for each durable event that ingest has found invalid
 */
export function openEventStore(
  { config, logger, metrics, shutdown, tracing }: ProcessContext<IngestConfig>,
  { postgres, redis, nats }: Pick<Connections, 'postgres' | 'redis' | 'nats'>,
  clock: Pick<Clock, 'earliest'>,
  addCountry: Change | undefined,
  onInvalid: (event: AdEvent) => void,
): EventStore {
  const ledger = createLedger({
    database: postgres,
    store: redis,
    gate: gateRules(config),
    maxLabelValues: config.MAX_LABEL_VALUES,
    minutesKept: minutesKept(config),
    now: clock.earliest,
    onRaiseFailure: (error) =>
      logger.debug('counters could not be raised; a rebuild follows', { event: 'counters.raise_failed', error }),
    onReuseFailure: (error) =>
      logger.debug('reused sessions of a batch could not be counted', { event: 'sessions.reuse_not_counted', error }),
  });
  const ingestMetrics = createIngestMetrics(metrics.registry, config.METRICS_MAX_ADS, () => groups.queued());
  const publish = createPublisher(nats.run, config.NATS_TIMEOUT_MS, (status) =>
    metrics.natsMessages.inc({ direction: 'out', status }),
  );
  const record = async (events: readonly AdEvent[]): Promise<Outcome> => {
    const outcome = await ledger.recordUnqueued(events);
    ingestMetrics.reused(outcome.reused);
    return outcome;
  };
  const traces = tracing && traceBatches();
  const untraced = createBatchStore({ publish, record }, isUnanswered);
  const storeBatch: typeof untraced = traces ? (events) => traces.ofBatch(events, () => untraced(events)) : untraced;
  const groups: GroupCommit<AdEvent, StoreResult> = createGroupCommit(
    async (events) => {
      const results = await storeBatch(events);
      const durable = results.find((result) => result.state === 'durable');
      ingestMetrics.batch(events.length, durable?.by ?? 'nobody');
      return results;
    },
    {
      maxBatch: config.INGEST_BATCH_EVENTS,
      maxInFlight: config.INGEST_BATCHES_IN_FLIGHT,
      maxQueued: config.INGEST_QUEUE_EVENTS,
      maxWaitMs: config.INGEST_MAX_WAIT_MS,
    },
  );
  shutdown.add('events in flight', groups.idle);
  const counted = {
    accepted(event: AdEvent) {
      ingestMetrics.accepted(event);
      if (event.verdict !== undefined) onInvalid(event);
    },
  };
  const change = changeOf([addCountry, addressHider(config.IP_MODE), traces?.noted]);
  if (change === undefined) return { store: groups.submit, storeAll: groups.submitAll, counted };
  return {
    store: (event) => groups.submit(change(event)),
    storeAll: (events) => groups.submitAll(events.map(change)),
    counted,
  };
}

/** Makes the changes in order. The country is that of the whole address, so it comes before the change that hides it. */
function changeOf(changes: readonly (Change | undefined)[]): Change | undefined {
  return changes
    .filter((change) => change !== undefined)
    .reduce<Change | undefined>((before, next) => (before ? (event) => next(before(event)) : next), undefined);
}
