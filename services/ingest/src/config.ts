import {
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  redisVariables,
} from '@ads/connections';
import { type HttpConfig, httpVariables, type LogConfig, logVariables, type Variables } from '@ads/runtime';
import Joi from 'joi';

/** Everything that ingest can be told. */
export interface IngestConfig extends HttpConfig, LogConfig, PostgresConfig, RedisConfig, NatsConfig {
  /** How far ahead a player's clock is believed. */
  readonly MAX_CLOCK_SKEW_SECONDS: number;
  readonly MAX_BODY_BYTES: number;
  readonly AD_CATALOGUE_REFRESH_SECONDS: number;
  /** Longest that one read of the catalogue may take: a page of it, or a look-up. */
  readonly AD_CATALOGUE_TIMEOUT_MS: number;
  /** Events that are accepted while their ads can't be looked up. */
  readonly UNVERIFIED_EVENTS_PER_MINUTE: number;
  /** Events in one message. */
  readonly INGEST_BATCH_EVENTS: number;
  /** Messages that wait for their acknowledgement at a time. */
  readonly INGEST_BATCHES_IN_FLIGHT: number;
  /** Events that wait for a message; beyond it the answer is 503. */
  readonly INGEST_QUEUE_EVENTS: number;
  /** How long an event waits for a message; then the answer is 503. */
  readonly INGEST_MAX_WAIT_MS: number;
  /** Ads that have their own label in the metrics; the rest is `other`. */
  readonly METRICS_MAX_ADS: number;
  readonly NATS_STREAM_REPLICAS: number;
  readonly NATS_STREAM_MAX_BYTES: number;
  readonly NATS_DEAD_LETTERS_MAX_BYTES: number;
}

const count = Joi.number().integer().min(1);
const milliseconds = count.max(60_000);

export const ingestVariables: Variables<IngestConfig> = {
  ...httpVariables(8080),
  ...logVariables,
  ...postgresVariables,
  ...redisVariables,
  ...natsVariables,
  // A player waits for the answer: what hangs is given up soon, and the other way is taken.
  NATS_TIMEOUT_MS: milliseconds.default(1_000),
  POSTGRES_TIMEOUT_MS: milliseconds.default(2_000),
  // An hour at most: the counters of a second expire before it comes when it was written much earlier than that.
  MAX_CLOCK_SKEW_SECONDS: Joi.number().min(0).max(3_600).default(300),
  MAX_BODY_BYTES: count.max(1_048_576).default(16_384),
  AD_CATALOGUE_REFRESH_SECONDS: count.max(3_600).default(10),
  AD_CATALOGUE_TIMEOUT_MS: milliseconds.default(10_000),
  UNVERIFIED_EVENTS_PER_MINUTE: Joi.number().integer().min(0).max(10_000_000).default(6_000),
  // An event is at most some 400 bytes: 1,000 of them stay below the megabyte that NATS takes in one message.
  INGEST_BATCH_EVENTS: count.max(1_000).default(500),
  INGEST_BATCHES_IN_FLIGHT: count.max(64).default(4),
  INGEST_QUEUE_EVENTS: count.max(1_000_000).default(20_000),
  INGEST_MAX_WAIT_MS: count.max(60_000).default(2_000),
  METRICS_MAX_ADS: Joi.number().integer().min(0).max(10_000).default(100),
  NATS_STREAM_REPLICAS: count.max(5).default(1),
  NATS_STREAM_MAX_BYTES: Joi.number().integer().min(-1).default(-1),
  // One dead letter may be as large as a message of NATS, a megabyte.
  NATS_DEAD_LETTERS_MAX_BYTES: Joi.number().integer().allow(-1).min(2_097_152).default(268_435_456),
};
