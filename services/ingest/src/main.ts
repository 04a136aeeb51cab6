import { ENDPOINTS, EVENT_ENDPOINTS } from '@ads/contract';
import { batchReader, bodyReader, connectionOwner, createAccess, createApi, jsonReader } from '@ads/http';
import { awaitSchema, openKeyRing, readAdsPage, startCatalogue } from '@ads/ledger';
import { ENDPOINT_KINDS, NUMERIC_EVENT_FIELDS, VERSION } from '@ads/models';
import { createClock, listen, managementEndpoints, runProcess } from '@ads/runtime';
import { createAdPages } from './ad-pages.js';
import { createAdStore } from './ads/ad-store.js';
import { manageAds } from './ads/manage-ads.js';
import { adsHandler } from './ads-handler.js';
import { batchHandler } from './batch-handler.js';
import { type IngestConfig, ingestVariables } from './config.js';
import { openConnections } from './connections.js';
import { eventAges } from './event-ages.js';
import { eventHandler } from './event-handler.js';
import { openEventStore } from './event-store.js';
import { createIngestHealth } from './ingest-health.js';
import { openRules } from './invalid-traffic/open-rules.js';
import { registerRules } from './invalid-traffic/register-rules.js';
import { openViewerHash } from './invalid-traffic/viewer-hash.js';
import { manageKeys } from './keys/manage-keys.js';
import { playerFiles } from './player-files.js';
import { openRejectedEvents } from './rejected/open-rejected-events.js';
import { rejectedHandler } from './rejected/rejected-handler.js';
import { LOOK_UP_PATIENCE_MS, startServedAds } from './served-ads.js';
import { manageShares } from './shares/manage-shares.js';
import { swagger } from './swagger.js';
import { clickThrough } from './tags/click-through.js';
import { openPendingClicks } from './tags/pending-clicks.js';
import { pixel } from './tags/pixel.js';
import { createTagMetrics } from './tags/tag-metrics.js';
import { openTagSigning } from './tags/tag-signing.js';
import { createVastMetrics } from './tags/vast-metrics.js';
import { vastRoute } from './tags/vast-route.js';
import { createUnverifiedEvents } from './unverified-events.js';
import { openViewerCountry } from './viewer-country.js';

await runProcess<IngestConfig>({
  service: 'ingest',
  version: VERSION,
  variables: ingestVariables,
  async start(context) {
    const { config, logger, metrics, conditions, shutdown } = context;
    const [addCountry, rules] = await Promise.all([openViewerCountry(context), openRules(context)]);
    const clock = createClock(metrics, conditions);
    const connections = openConnections(context, clock);
    const keys = openKeyRing(context, connections.postgres, clock);
    const readingSalts = openViewerHash(context, connections.postgres, clock);
    const database = connections.catalogueDatabase;
    const catalogue = await startCatalogue(context, { database, patienceMs: LOOK_UP_PATIENCE_MS });
    const ads = await startServedAds(context, database);
    const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
    const pages = createAdPages({
      read: (query) => readAdsPage(database, query),
      maxAgeMs: refreshSeconds * 1_000,
    });
    shutdown.add('pages of ads', pages.stop);
    const store = createAdStore(database, pages.expire);
    const unverified = createUnverifiedEvents(config.UNVERIFIED_EVENTS_PER_MINUTE, metrics, logger);

    const signing = openTagSigning(context);
    const viewerOf = await readingSalts;
    const rejected = openRejectedEvents(context, connections, clock);
    const events = openEventStore(context, connections, clock, addCountry, rejected.notCounted);
    const clicks = openPendingClicks(context, events);
    registerRules(context, connections.postgres, rules);

    const health = createIngestHealth(context, connections, clock, awaitSchema(context, connections.postgres));
    const api = createApi({
      config,
      logger,
      metrics,
      tracing: context.tracing,
      managementEndpoints: managementEndpoints({ health, metrics }),
      access: createAccess(config, keys.check),
      fastPath(fastPath) {
        const readBody = bodyReader({ limitBytes: config.MAX_BODY_BYTES, numericFields: NUMERIC_EVENT_FIELDS });
        const dependencies = {
          catalogue,
          unverified,
          store: events.store,
          storeAll: events.storeAll,
          onAccepted: events.counted.accepted,
          maxClockSkew: config.MAX_CLOCK_SKEW_SECONDS * 1_000,
          ...eventAges(config),
          now: clock.measuredNow,
          judge: rules?.judgeWith({
            durationOf: (adId) => ads.get(adId)?.duration_seconds ?? undefined,
            signing,
            viewerOf,
          }),
        };
        fastPath.post(
          ENDPOINTS.events.path,
          'events',
          batchReader({ limitBytes: config.MAX_BATCH_BYTES, heldBytes: config.MAX_BATCH_BYTES_HELD }),
          batchHandler(config.MAX_BATCH_EVENTS, {
            ...dependencies,
            onEventRefused: (error, sender) => rejected.refused(ENDPOINTS.events.path, error, sender),
          }),
        );
        for (const kind of ENDPOINT_KINDS) {
          fastPath.post(EVENT_ENDPOINTS[kind].path, 'events', readBody, eventHandler(kind, dependencies));
        }
        const tagMetrics = createTagMetrics(metrics.registry);
        fastPath.tag(ENDPOINTS.pixel.path, pixel(dependencies, tagMetrics));
        fastPath.tag(ENDPOINTS.clickThrough.path, clickThrough({ ...dependencies, ads, clicks, metrics: tagMetrics }));
        fastPath.tag(
          ENDPOINTS.vast.path,
          vastRoute({
            ads,
            publicUrl: config.PUBLIC_URL,
            metrics: createVastMetrics(metrics.registry),
            onEmpty: rejected.withoutAd,
            signing,
            now: clock.now,
          }),
        );
      },
      routes(router) {
        router.get(ENDPOINTS.ads.path, adsHandler(pages, refreshSeconds));
        const readJson = jsonReader({ limitBytes: config.MAX_BODY_BYTES });
        manageAds(router, { config, store, readJson, signing });
        router.get(ENDPOINTS.rejectedEvents.path, rejectedHandler({ rejected, ads }));
        const managing = { database, keys, readJson, now: clock.now };
        manageKeys(router, managing);
        manageShares(router, managing);
        playerFiles(router);
        swagger(router);
      },
      onRefused: rejected.refused,
    });
    const port = await listen({ ...api, config, logger, metrics, health, ownerOf: connectionOwner(config) }, shutdown);
    logger.info('listening', { event: 'http.listening', host: config.HTTP_HOST, port });
  },
});
