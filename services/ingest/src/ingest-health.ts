import { type Clock, type Conditions, createHealth, type Health } from '@ads/runtime';
import type { Connections } from './connections.js';

/** The part of a connection that health reads. */
type Observed = { readonly [Name in 'nats' | 'postgres' | 'redis']: Pick<Connections[Name], 'health'> };

/** Ingest takes events while NATS or Postgres is up, after one of them has reported its time. */
export function createIngestHealth(
  { version, conditions }: { readonly version: string; readonly conditions: Pick<Conditions, 'active'> },
  { nats, postgres, redis }: Observed,
  clock: Pick<Clock, 'measuredNow'>,
  blocked: () => string | undefined,
): Health {
  return createHealth({
    service: 'ingest',
    version,
    description: 'Validates clicks and impressions, and answers 202 when they are durable.',
    conditions,
    dependencies: { nats: nats.health, postgres: postgres.health, redis: redis.health },
    status: (dependencies) => {
      if (dependencies.nats.status === 'down' && dependencies.postgres.status === 'down') return 'unhealthy';
      return Object.values(dependencies).every(({ status }) => status === 'up') ? 'healthy' : 'degraded';
    },
    blocked,
    ready: () =>
      clock.measuredNow() !== undefined && (nats.health().status === 'up' || postgres.health().status === 'up'),
  });
}
