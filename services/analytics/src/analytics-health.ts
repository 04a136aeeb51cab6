import { createHealth, type Health, type ProcessContext } from '@ads/runtime';
import type { AnalyticsConfig } from './config.js';
import type { Connections } from './connections.js';

/** Analytics answers while Postgres or Redis is up, and is ready once the schema is that of its version. */
export function createAnalyticsHealth(
  { version, conditions }: Pick<ProcessContext<AnalyticsConfig>, 'version' | 'conditions'>,
  { postgres, redis }: Pick<Connections, 'postgres' | 'redis'>,
  blocked: () => string | undefined,
): Health {
  return createHealth({
    service: 'analytics',
    version,
    description: 'Answers totals, CTR and sliding windows.',
    conditions,
    dependencies: { postgres: postgres.health, redis: redis.health },
    status: (dependencies) => {
      const states = Object.values(dependencies).map(({ status }) => status);
      if (!states.includes('down')) return 'healthy';
      return states.includes('up') ? 'degraded' : 'unhealthy';
    },
    blocked,
    ready: () => true,
  });
}
