import { describe, expect, it } from '@jest/globals';
import { createIngestHealth } from '../src/ingest-health.js';

type State = 'up' | 'down';

const healthOf = (
  states: { nats: State; postgres: State; redis: State },
  measuredNow: () => number | undefined = Date.now,
  blocked: string | undefined = undefined,
) => {
  const connection = (status: State) => ({ health: () => ({ status, breaker: 'closed' }) as const });
  const { nats, postgres, redis } = states;
  return createIngestHealth(
    { version: '1.2.3', conditions: { active: () => ({}) } },
    { nats: connection(nats), postgres: connection(postgres), redis: connection(redis) },
    { measuredNow },
    () => blocked,
  );
};

describe('ingest', () => {
  it.each([
    ['healthy', { nats: 'up', postgres: 'up', redis: 'up' }],
    ['degraded', { nats: 'up', postgres: 'up', redis: 'down' }],
    ['degraded', { nats: 'down', postgres: 'up', redis: 'up' }],
    ['degraded', { nats: 'up', postgres: 'down', redis: 'down' }],
    ['unhealthy', { nats: 'down', postgres: 'down', redis: 'up' }],
  ] as const)('is %s with %j', (status, states) => {
    expect(healthOf(states).report().status).toBe(status);
  });

  it('is ready while NATS or Postgres is up', () => {
    expect(healthOf({ nats: 'up', postgres: 'down', redis: 'down' }).notReady()).toBeUndefined();
    expect(healthOf({ nats: 'down', postgres: 'up', redis: 'down' }).notReady()).toBeUndefined();
    expect(healthOf({ nats: 'down', postgres: 'down', redis: 'up' }).notReady()).toBeDefined();
  });

  it('is not ready while the schema is too old, and names it', () => {
    expect(healthOf({ nats: 'up', postgres: 'up', redis: 'up' }, Date.now, 'too old').notReady()).toBe('too old');
  });

  it('is not ready before NATS or Postgres has reported its time', () => {
    expect(healthOf({ nats: 'up', postgres: 'up', redis: 'up' }, () => undefined).notReady()).toBeDefined();
  });
});
