import { createHealth, type Health, type ProcessContext } from '@ads/runtime';
import type { ConsumerConfig } from './config.js';
import type { Connections } from './connections.js';
import type { Incidents } from './incidents.js';

/** @param distrust returns why the counters in Redis are not trusted; undefined while they are trusted */
export function createConsumerHealth(
  { version, conditions }: Pick<ProcessContext<ConsumerConfig>, 'version' | 'conditions'>,
  { postgres, redis, nats }: Connections,
  incidents: Pick<Incidents, 'isOpen'>,
  distrust: () => string | undefined,
  blocked: () => string | undefined,
): Health {
  return createHealth({
    service: 'consumer',
    version,
    description: 'Records queued events in the ledger, and keeps the counters in Redis trusted.',
    conditions,
    dependencies: {
      nats: nats.health,
      postgres: postgres.health,
      // A failure of Redis itself comes first, since it may be the reason why the counters are not trusted.
      redis: () => {
        const detail = distrust();
        return detail === undefined ? redis.health() : { detail, ...redis.health() };
      },
    },
    // Without NATS or Postgres the consumer waits and loses nothing. A restart would not help, so it stays ready. A schema that
    // is too old stops a rollout.
    status: (dependencies) => {
      const isUp = Object.values(dependencies).every(({ status }) => status === 'up');
      return isUp && distrust() === undefined && !incidents.isOpen() ? 'healthy' : 'degraded';
    },
    blocked,
    ready: () => true,
  });
}
