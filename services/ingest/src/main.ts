import {
  ensureStreams,
  openCatalogueDatabase,
  openNats,
  openPostgres,
  openRedis,
  streamLimits,
} from '@ads/connections';
import { ENDPOINTS, EVENT_ENDPOINTS, openApiDocument } from '@ads/contract';
import { bodyReader, connectionOwner, createApi } from '@ads/http';
import { createAdCatalogue, createLedger, readAdsPage } from '@ads/ledger';
import { type AdEvent, KINDS, NUMERIC_EVENT_FIELDS, streamSettings } from '@ads/models';
import {
  createClock,
  createHealth,
  listen,
  managementEndpoints,
  probe,
  runProcess,
  type ServerTime,
  watchCopy,
} from '@ads/runtime';
import { type Acceptance, createAcceptor } from './accept-events.js';
import { createAdPages } from './ad-pages.js';
import { adsHandler } from './ads-handler.js';
import { type IngestConfig, ingestVariables } from './config.js';
import { eventHandler } from './event-handler.js';
import { createGroupCommit, type GroupCommit } from './group-commit.js';
import { createIngestMetrics } from './ingest-metrics.js';
import { createPublisher, isUnanswered } from './publish-events.js';
import { swagger } from './swagger.js';
import { createUnverifiedEvents } from './unverified-events.js';

const service = 'ingest';
/** Short, because a player waits for the response. */
const LOOK_UP_PATIENCE_MS = 1_000;

await runProcess<IngestConfig>({
  service,
  variables: ingestVariables,
  async start({ config, logger, metrics, conditions, shutdown }) {
    const clock = createClock(metrics, conditions);
    const onTime = (time: ServerTime) => clock.observe('postgres', time);
    // One attempt, because players retry themselves.
    const postgres = openPostgres(config, { service, metrics, logger, attempts: 1, onTime });
    shutdown.add('postgres', postgres.close);
    const redis = openRedis(config, { service, metrics, logger });
    shutdown.add('redis', redis.close);
    const streams = streamSettings(streamLimits(config));
    const nats = openNats(config, {
      service,
      metrics,
      logger,
      setUp: async (connection) => clock.observe('nats', await ensureStreams(connection, streams)),
    });
    shutdown.add('nats', nats.close);
    shutdown.add('probes', probe([postgres.ping, redis.ping, nats.ping]));

    const catalogueDatabase = openCatalogueDatabase(config, { service, metrics, logger });
    shutdown.add('postgres of the catalogue', catalogueDatabase.close);
    shutdown.add('probe of the catalogue', probe([catalogueDatabase.ping]));
    const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
    const catalogue = createAdCatalogue({
      database: catalogueDatabase,
      refreshMs: refreshSeconds * 1_000,
      patienceMs: LOOK_UP_PATIENCE_MS,
    });
    shutdown.add('ad catalogue', catalogue.stop);
    const copy = { name: 'ad_catalogue', entries: 'ads', oldAfter: Math.max(30, 3 * refreshSeconds) };
    shutdown.add('age of the catalogue', watchCopy(catalogue, { ...copy, metrics, conditions }));
    await catalogue.start(config.POSTGRES_TIMEOUT_MS);
    const pages = createAdPages({
      read: (limit, after) => readAdsPage(catalogueDatabase, limit, after),
      maxAgeMs: refreshSeconds * 1_000,
    });
    shutdown.add('pages of ads', pages.stop);
    const unverified = createUnverifiedEvents(config.UNVERIFIED_EVENTS_PER_MINUTE, metrics, logger);

    const ledger = createLedger({
      database: postgres,
      store: redis,
      now: clock.earliest,
      onRaiseFailure: (error) =>
        logger.debug('counters could not be raised; a rebuild follows', { event: 'counters.raise_failed', error }),
    });
    const ingestMetrics = createIngestMetrics(metrics.registry, config.METRICS_MAX_ADS, () => groups.queued());
    const publish = createPublisher(nats.run, config.NATS_TIMEOUT_MS, (status) =>
      metrics.natsMessages.inc({ direction: 'out', status }),
    );
    const accept = createAcceptor({ publish, record: ledger.recordUnqueued }, isUnanswered);
    const groups: GroupCommit<AdEvent, Acceptance> = createGroupCommit(
      async (events) => {
        const acceptances = await accept(events);
        const durable = acceptances.find((acceptance) => acceptance.state === 'durable');
        ingestMetrics.batch(events.length, durable?.by ?? 'nobody');
        return acceptances;
      },
      {
        maxBatch: config.INGEST_BATCH_EVENTS,
        maxInFlight: config.INGEST_BATCHES_IN_FLIGHT,
        maxQueued: config.INGEST_QUEUE_EVENTS,
        maxWaitMs: config.INGEST_MAX_WAIT_MS,
      },
    );
    shutdown.add('events in flight', groups.idle);

    const health = createHealth({
      service,
      version: '1.0.0',
      description: 'Takes clicks and impressions, and answers when they are durable.',
      conditions,
      dependencies: { nats: nats.health, postgres: postgres.health, redis: redis.health },
      status: (dependencies) => {
        if (dependencies.nats.status === 'down' && dependencies.postgres.status === 'down') return 'unhealthy';
        return Object.values(dependencies).every(({ status }) => status === 'up') ? 'healthy' : 'degraded';
      },
      ready: () =>
        clock.measuredNow() !== undefined && (nats.health().status === 'up' || postgres.health().status === 'up'),
    });

    const handler = createApi({
      config,
      logger,
      metrics,
      managementEndpoints: managementEndpoints({ health, metrics }),
      fastPath(fastPath) {
        const readBody = bodyReader({ limitBytes: config.MAX_BODY_BYTES, numericFields: NUMERIC_EVENT_FIELDS });
        const dependencies = {
          catalogue,
          unverified,
          accept: groups.submit,
          onAccepted: ingestMetrics.accepted,
          maxClockSkew: config.MAX_CLOCK_SKEW_SECONDS * 1_000,
          now: clock.measuredNow,
        };
        for (const kind of KINDS) {
          fastPath.post(EVENT_ENDPOINTS[kind].path, 'events', readBody, eventHandler(kind, dependencies));
        }
      },
      routes(router) {
        router.get(ENDPOINTS.ads.path, adsHandler(pages, refreshSeconds));
        swagger(router, openApiDocument());
      },
    });
    const port = await listen({ handler, config, logger, metrics, health, ownerOf: connectionOwner(config) }, shutdown);
    logger.info('listening', { event: 'http.listening', host: config.HTTP_HOST, port });
  },
});
