import { ENDPOINTS } from '@ads/contract';
import { connectionOwner, createApi } from '@ads/http';
import { createClock, listen, managementEndpoints, runProcess } from '@ads/runtime';
import { analyticsHandler } from './analytics-handler.js';
import { createAnalyticsHealth } from './analytics-health.js';
import { createAnswers } from './answers.js';
import { startCatalogue } from './catalogue.js';
import { createCatalogueRanking } from './catalogue-ranking.js';
import { type AnalyticsConfig, analyticsVariables } from './config.js';
import { openConnections } from './connections.js';
import { watchDoubts } from './doubt-watch.js';
import { createReaders } from './readers.js';
import { createReports } from './report/report.js';
import { reportHandler } from './report/report-handler.js';

await runProcess<AnalyticsConfig>({
  service: 'analytics',
  variables: analyticsVariables,
  async start(context) {
    const { config, logger, metrics, conditions, shutdown } = context;
    const clock = createClock(metrics, conditions);
    const connections = openConnections(context, clock);
    const doubts = watchDoubts(connections.postgres, config.DOUBT_POLL_MS);
    shutdown.add('doubt watch', doubts.stop);
    const database = connections.catalogueDatabase;
    const catalogue = await startCatalogue(context, database);

    const listMaxAgeMs = config.LIST_MAX_AGE_MS;
    const ranking = { database, maxAgeMs: listMaxAgeMs, ledger: doubts.ledger, now: clock.now };
    const answer = createAnswers({
      catalogue,
      ...createReaders({ connections, doubts, clock, catalogue, listMaxAgeMs, metrics }),
      rank: createCatalogueRanking(ranking),
      now: clock.now,
    });

    const report = createReports({ database, now: clock.now });

    const health = createAnalyticsHealth(context, connections);
    const handler = createApi({
      config,
      logger,
      metrics,
      managementEndpoints: managementEndpoints({ health, metrics }),
      fastPath(fastPath) {
        fastPath.get(ENDPOINTS.analytics.path, 'reads', analyticsHandler(answer));
        fastPath.get(ENDPOINTS.report.path, 'reads', reportHandler(report));
      },
    });
    const port = await listen({ handler, config, logger, metrics, health, ownerOf: connectionOwner(config) }, shutdown);
    logger.info('listening', { event: 'http.listening', host: config.HTTP_HOST, port });
  },
});
