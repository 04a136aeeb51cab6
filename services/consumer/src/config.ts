import {
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  redisVariables,
} from '@ads/connections';
import { type LogConfig, logVariables, type ServerConfig, serverVariables, type Variables } from '@ads/runtime';
import Joi from 'joi';

/** Everything that the consumer can be told. */
export interface ConsumerConfig extends ServerConfig, LogConfig, PostgresConfig, RedisConfig, NatsConfig {
  /** Events in one transaction, at most. */
  readonly CONSUMER_BATCH_EVENTS: number;
  /** Messages that one process has at a time, unacknowledged. */
  readonly CONSUMER_MAX_MESSAGES: number;
  /** Bytes of these messages at which no more are asked for. */
  readonly CONSUMER_MAX_BYTES: number;
  /** After which JetStream gives a message to another process, unless it is told that it is being worked on. */
  readonly NATS_ACK_WAIT_SECONDS: number;
  /** Seconds from one audit of the counters in Redis to the next. */
  readonly COUNTERS_AUDIT_SECONDS: number;
  readonly NATS_STREAM_REPLICAS: number;
  readonly NATS_STREAM_MAX_BYTES: number;
  readonly NATS_DEAD_LETTERS_MAX_BYTES: number;
}

const count = Joi.number().integer().min(1);

export const consumerVariables: Variables<ConsumerConfig> = {
  ...serverVariables(8081),
  ...logVariables,
  ...postgresVariables,
  ...redisVariables,
  ...natsVariables,
  CONSUMER_BATCH_EVENTS: count.max(50_000).default(20_000),
  CONSUMER_MAX_MESSAGES: count.max(5_000).default(2_000),
  CONSUMER_MAX_BYTES: count.max(1_073_741_824).default(8_388_608),
  NATS_ACK_WAIT_SECONDS: count.max(3_600).default(30),
  COUNTERS_AUDIT_SECONDS: count.max(3_600).default(5),
  NATS_STREAM_REPLICAS: count.max(5).default(1),
  NATS_STREAM_MAX_BYTES: Joi.number().integer().min(-1).default(-1),
  // One dead letter may be as large as a message of NATS, a megabyte.
  NATS_DEAD_LETTERS_MAX_BYTES: Joi.number().integer().allow(-1).min(2_097_152).default(268_435_456),
};
