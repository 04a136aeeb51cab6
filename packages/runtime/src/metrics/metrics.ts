import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { RequestTally } from './request-tally.js';

/** The metrics of every process. A service adds its own to `registry`. */
export interface Metrics {
  readonly registry: Registry;
  /** The labels of every series. */
  readonly labels: { readonly service: string };
  readonly requests: RequestTally;
  /** `status` is ok, error (Postgres refused the statement) or unavailable. */
  readonly databaseOperations: Counter<'operation' | 'status'>;
  readonly databaseDuration: Histogram<'operation'>;
  /** `status` is ok, error or unavailable; a cache adds hit and miss. */
  readonly redisOperations: Counter<'operation' | 'status'>;
  /** `direction` is in or out. */
  readonly natsMessages: Counter<'direction' | 'status'>;
  /** 0 closed, 1 half-open, 2 open. */
  readonly breakerState: Gauge<'dependency'>;
  /** 1 if the last call succeeded. Set during a scrape. */
  readonly dependencyUp: Gauge<'dependency'>;
  readonly dependencyFailures: Counter<'dependency'>;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates the registry of a process. Every series has the label `service`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    labels: { service },
    requests: new RequestTally(registry, SECONDS),
    databaseOperations: new Counter({
      name: 'database_operations_total',
      help: 'Operations on Postgres.',
      labelNames: ['operation', 'status'],
      registers,
    }),
    databaseDuration: new Histogram({
      name: 'database_operation_duration_seconds',
      help: 'Duration of an operation on Postgres, including retries.',
      labelNames: ['operation'],
      buckets: SECONDS,
      registers,
    }),
    redisOperations: new Counter({
      name: 'redis_operations_total',
      help: 'Operations on Redis.',
      labelNames: ['operation', 'status'],
      registers,
    }),
    natsMessages: new Counter({
      name: 'nats_messages_total',
      help: 'Messages to and from NATS.',
      labelNames: ['direction', 'status'],
      registers,
    }),
    breakerState: new Gauge({
      name: 'circuit_breaker_state',
      help: 'Circuit breaker of a dependency: 0 closed, 1 half-open, 2 open.',
      labelNames: ['dependency'],
      registers,
    }),
    dependencyUp: new Gauge({
      name: 'dependency_up',
      help: '1 if a dependency is connected and the last call succeeded, else 0.',
      labelNames: ['dependency'],
      registers,
    }),
    dependencyFailures: new Counter({
      name: 'dependency_failures_total',
      help: 'Failed calls to a dependency: refused, disconnected, timed out, or out of space.',
      labelNames: ['dependency'],
      registers,
    }),
  };
}
