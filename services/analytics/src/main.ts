import { openPostgres, openRedis } from '@ads/connections';
import { createApi, createRateLimiter } from '@ads/http';
import { CATALOGUE_CONNECTIONS, createAdCatalogue } from '@ads/ledger';
import {
  createClock,
  createHealth,
  listen,
  managementEndpoints,
  monotonic,
  probe,
  runProcess,
  type ServerTime,
  watchCopy,
} from '@ads/runtime';
import { createAdReader } from './ad-reader.js';
import { analyticsHandler } from './analytics-handler.js';
import { createAnswerMetrics } from './answer-metrics.js';
import { createAnswers } from './answers.js';
import { type AnalyticsConfig, analyticsVariables } from './config.js';
import { watchDoubts } from './doubt-watch.js';
import { createFloors } from './floors.js';
import { createRanking } from './ranking.js';
import { readCounters } from './read-counters.js';
import { createSnapshot } from './snapshot.js';

const service = 'analytics';
const LOOK_UP_PATIENCE_MS = 2_000;
/** The list reads the counters of so many ads at most: 0.3 s of Redis. Larger catalogues are ranked by Postgres. */
const ADS_READ_AT_ONCE = 10_000;

await runProcess<AnalyticsConfig>({
  service,
  variables: analyticsVariables,
  async start({ config, logger, metrics, conditions, shutdown }) {
    const clock = createClock(metrics, conditions);
    const onTime = (time: ServerTime) => clock.observe('postgres', time);
    const postgres = openPostgres(config, { service, metrics, logger, onTime });
    shutdown.add('postgres', postgres.close);
    const redis = openRedis(config, { service, metrics, logger });
    shutdown.add('redis', redis.close);
    shutdown.add('probes', probe([postgres.ping, redis.ping]));
    const doubts = watchDoubts(postgres, config.DOUBT_POLL_MS);
    shutdown.add('doubt watch', doubts.stop);
    const catalogueDatabase = openPostgres(
      { ...config, POSTGRES_POOL_SIZE: CATALOGUE_CONNECTIONS, POSTGRES_TIMEOUT_MS: config.AD_CATALOGUE_TIMEOUT_MS },
      { service, metrics, logger, attempts: 1, dependency: 'ad_catalogue' },
    );
    shutdown.add('postgres of the catalogue', catalogueDatabase.close);
    shutdown.add('probe of the catalogue', probe([catalogueDatabase.ping]));
    const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
    const catalogue = createAdCatalogue({
      database: catalogueDatabase,
      refreshMs: refreshSeconds * 1_000,
      patienceMs: LOOK_UP_PATIENCE_MS,
      idsKept: ADS_READ_AT_ONCE,
    });
    shutdown.add('ad catalogue', catalogue.stop);
    const copy = { name: 'ad_catalogue', entries: 'ads', oldAfter: Math.max(30, 3 * refreshSeconds) };
    shutdown.add('age of the catalogue', watchCopy(catalogue, { ...copy, metrics, conditions }));
    await catalogue.start(config.POSTGRES_TIMEOUT_MS);

    const counted = createAnswerMetrics(metrics);
    const floors = createFloors();
    const read = async (adIds: readonly string[]) => {
      // Windows are those of Postgres' clock, never those of this host's.
      if (clock.measuredNow() === undefined) await postgres.ping();
      return await readCounters(
        { database: postgres, store: redis, undoubted: doubts.undoubted, floors, now: clock.now },
        adIds,
      );
    };
    const readAd = createAdReader(read);
    const readAll = async () => counted(await read([...(catalogue.ids() ?? [])]));
    const answer = createAnswers({
      catalogue,
      readAd: async (adId) => counted(await readAd(adId)),
      readAll: createSnapshot(readAll, config.LIST_MAX_AGE_MS, doubts.ledger, monotonic),
      readSome: async (adIds) => counted(await read(adIds)),
      rank: createRanking({
        database: catalogueDatabase,
        maxAgeMs: config.LIST_MAX_AGE_MS,
        ledger: doubts.ledger,
        now: clock.now,
      }),
      now: clock.now,
    });
    const health = createHealth({
      service,
      version: '1.0.0',
      description: 'Answers totals, CTR and sliding windows.',
      conditions,
      dependencies: { postgres: postgres.health, redis: redis.health },
      status: ({ postgres: truth, redis: copy }) => {
        if (truth.status === 'up' && copy.status === 'up') return 'healthy';
        return truth.status === 'down' && copy.status === 'down' ? 'unhealthy' : 'degraded';
      },
      ready: () => true,
    });
    const handler = createApi({
      config,
      logger,
      metrics,
      managementEndpoints: managementEndpoints({ health, metrics }),
      fastPath(fastPath) {
        const rateLimiter = createRateLimiter('reads', config.RATE_LIMIT_READS_PER_MINUTE);
        fastPath.get('/ads/analytics', rateLimiter, analyticsHandler(answer));
      },
    });
    const port = await listen({ handler, config, logger, metrics, health }, shutdown);
    logger.info('listening', { host: config.HTTP_HOST, port });
  },
});
