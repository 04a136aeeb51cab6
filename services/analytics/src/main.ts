import { ENDPOINTS } from '@ads/contract';
import { connectionOwner, createAccess, createApi } from '@ads/http';
import { awaitSchema, openKeyRing, startCatalogue } from '@ads/ledger';
import { VERSION } from '@ads/models';
import { createClock, listen, managementEndpoints, minutesKept, runProcess } from '@ads/runtime';
import { createAdmissions } from './admissions.js';
import { createAdsOf } from './ads-of.js';
import { analyticsHandler } from './analytics-handler.js';
import { createAnalyticsHealth } from './analytics-health.js';
import { createAnswers } from './answers.js';
import { CATALOGUE_LIMITS } from './catalogue-limits.js';
import { createCatalogueRanking } from './catalogue-ranking.js';
import { type AnalyticsConfig, analyticsVariables } from './config.js';
import { openConnections } from './connections.js';
import { dashboard } from './dashboard/dashboard.js';
import { watchDoubts } from './doubt-watch.js';
import { eventsHandler } from './events/events-handler.js';
import { liveHandler } from './live/live-handler.js';
import { createLiveStreams } from './live/live-streams.js';
import { createAllAdsReader } from './live/read-all-ads.js';
import { playTimeHandler } from './play-time-handler.js';
import { qualityHandler } from './quality/quality-handler.js';
import { createReaders } from './readers.js';
import { createDayOffsets } from './report/day-offsets.js';
import { reportHandler } from './report/report-handler.js';
import { createStreaming } from './streaming.js';

await runProcess<AnalyticsConfig>({
  service: 'analytics',
  version: VERSION,
  variables: analyticsVariables,
  async start(context) {
    const { config, logger, metrics, conditions, shutdown } = context;
    const clock = createClock(metrics, conditions);
    const connections = openConnections(context, clock);
    const doubts = watchDoubts(connections.postgres, config.DOUBT_POLL_MS);
    shutdown.add('doubt watch', doubts.stop);
    const keys = openKeyRing(context, connections.postgres, clock);
    const database = connections.catalogueDatabase;
    const catalogue = await startCatalogue(context, { database, ...CATALOGUE_LIMITS });

    const adsOf = createAdsOf({ catalogue, database, patienceMs: CATALOGUE_LIMITS.patienceMs });
    const listMaxAgeMs = config.LIST_MAX_AGE_MS;
    const { now } = clock;
    const rank = createCatalogueRanking({ database, maxAgeMs: listMaxAgeMs, ledger: doubts.ledger, now });
    const readers = createReaders({ connections, doubts, clock, catalogue, listMaxAgeMs, metrics });
    const answer = createAnswers({ catalogue, adsOf, ...readers, rank, now });
    const admissions = createAdmissions();
    shutdown.add('admissions', admissions.stop);
    const streams = createLiveStreams({
      maxStreams: config.MAX_STREAMS,
      readSome: readers.readSome,
      createAllAdsReader: (advertiser) =>
        createAllAdsReader({ ...readers, catalogue, rank, database, now, advertiser }),
      ledger: doubts.ledger,
      now,
      metrics,
      logger,
      admissions,
    });

    const timeoutMs = config.EXPORT_TIMEOUT_SECONDS * 1_000;
    const streaming = createStreaming({ most: config.MAX_EXPORTS, timeoutMs, admissions, metrics, logger });

    const health = createAnalyticsHealth(context, connections, awaitSchema(context, connections.postgres));
    const api = createApi({
      config,
      logger,
      metrics,
      tracing: context.tracing,
      managementEndpoints: managementEndpoints({ health, metrics }),
      access: createAccess(config, keys.check),
      fastPath(fastPath) {
        fastPath.get(ENDPOINTS.analytics.path, 'reads', analyticsHandler(answer));
        fastPath.get(ENDPOINTS.playTime.path, 'reads', playTimeHandler({ adsOf, database }));
      },
      routes(router) {
        dashboard(router);
        router.get(ENDPOINTS.liveAnalytics.path, liveHandler(catalogue, adsOf, streams));
        const exports = { postgres: config, metrics, timeoutMs, now };
        const report = reportHandler({
          ...exports,
          stream: streaming.reports,
          database,
          wantDays: createDayOffsets(database, now),
          maxEventAgeDays: config.MAX_EVENT_AGE_DAYS,
          minutesKept: minutesKept(config),
        });
        router.get(ENDPOINTS.report.path, report);
        const quality = qualityHandler({
          ...{ postgres: config, metrics, now, adsOf, database },
          most: Math.ceil(config.MAX_EXPORTS / 2),
          mostEvents: config.QUALITY_MAX_EVENTS,
          timeoutMs: config.AD_CATALOGUE_TIMEOUT_MS,
        });
        router.get(ENDPOINTS.quality.path, quality);
        router.get(ENDPOINTS.storedEvents.path, eventsHandler({ ...exports, adsOf, stream: streaming.events }));
      },
    });
    const port = await listen({ ...api, config, logger, metrics, health, ownerOf: connectionOwner(config) }, shutdown);
    // Runs before the server waits for open requests.
    shutdown.add('live streams', streams.close);
    logger.info('listening', { event: 'http.listening', host: config.HTTP_HOST, port });
  },
});
