import { createAllowance, createApi } from '@ads/http';
import { createAdCatalogue, readAds } from '@ads/ledger';
import {
  createClock,
  createHealth,
  listen,
  monotonic,
  openPostgres,
  openRedis,
  operations,
  probe,
  runProcess,
  type TimeReading,
} from '@ads/runtime';
import { createAdReader } from './ad-reader.js';
import { analyticsHandler } from './analytics-handler.js';
import { createAnswerMetrics } from './answer-metrics.js';
import { createAnswers } from './answers.js';
import { type AnalyticsConfig, analyticsVariables } from './config.js';
import { watchDoubts } from './doubt-watch.js';
import { createFloors } from './floors.js';
import { readCounters } from './read-counters.js';
import { createSnapshot } from './snapshot.js';

const service = 'analytics';

await runProcess<AnalyticsConfig>({
  service,
  variables: analyticsVariables,
  async start({ config, logger, metrics, conditions, releases }) {
    const clock = createClock(metrics, conditions);
    const onTime = (reading: TimeReading) => clock.observe('postgres', reading);
    const postgres = openPostgres(config, { service, metrics, logger, onTime });
    releases.add('postgres', postgres.close);
    const redis = openRedis(config, { service, metrics, logger });
    releases.add('redis', redis.close);
    releases.add('probes', probe([postgres.ping, redis.ping]));
    const doubts = watchDoubts(postgres, config.DOUBT_POLL_MS);
    releases.add('doubt watch', doubts.stop);
    const catalogue = createAdCatalogue({
      load: () => readAds(postgres),
      refreshMs: config.AD_CATALOGUE_REFRESH_SECONDS * 1_000,
      now: monotonic,
      onFailure: (error) => logger.debug('the ad catalogue could not be read', { error }),
    });
    releases.add('ad catalogue', catalogue.stop);
    await catalogue.refresh();

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
    const readAll = async () => counted(await read((catalogue.list() ?? []).map((ad) => ad.id)));
    const answer = createAnswers({
      catalogue,
      readAd: async (adId) => counted(await readAd(adId)),
      readAll: createSnapshot(readAll, config.LIST_MAX_AGE_MS, doubts.ledger, monotonic),
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
      operations: operations({ health, metrics }),
      lane(lane) {
        const allowance = createAllowance('reads', config.RATE_LIMIT_READS_PER_MINUTE);
        lane.get('/ads/analytics', allowance, analyticsHandler(answer));
      },
    });
    const port = await listen({ handler, config, logger, metrics, health }, releases);
    logger.info('listening', { host: config.HTTP_HOST, port });
  },
});
