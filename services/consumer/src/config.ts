import {
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresVariables,
  type RecordingConfig,
  type RedisConfig,
  recordingVariables,
  redisVariables,
  type StreamConfig,
  streamVariables,
} from '@ads/connections';
import {
  type EventRetentionConfig,
  eventRetentionVariables,
  type LogConfig,
  logVariables,
  type MinuteRetentionConfig,
  minuteRetentionVariables,
  type ServerConfig,
  serverVariables,
  type TracingConfig,
  tracingVariables,
  type Variables,
} from '@ads/runtime';
import Joi from 'joi';

/** Configuration of the consumer. */
export interface ConsumerConfig
  extends ServerConfig,
    LogConfig,
    TracingConfig,
    PostgresConfig,
    RedisConfig,
    NatsConfig,
    StreamConfig,
    RecordingConfig,
    EventRetentionConfig,
    MinuteRetentionConfig {
  readonly CONSUMER_BATCH_EVENTS: number;
  readonly CONSUMER_LINGER_MS: number;
  readonly CONSUMER_MAX_MESSAGES: number;
  readonly CONSUMER_MAX_BYTES: number;
  readonly NATS_ACK_WAIT_SECONDS: number;
  readonly COUNTERS_AUDIT_SECONDS: number;
}

const count = Joi.number().integer().min(1);

export const consumerVariables: Variables<ConsumerConfig> = {
  ...serverVariables(8081),
  ...logVariables,
  ...tracingVariables,
  ...postgresVariables,
  ...redisVariables,
  ...recordingVariables,
  ...natsVariables,
  ...streamVariables,
  ...eventRetentionVariables,
  ...minuteRetentionVariables,
  CONSUMER_BATCH_EVENTS: count.max(50_000).default(20_000).description('Maximum number of events in one transaction.'),
  CONSUMER_LINGER_MS: Joi.number()
    .integer()
    .min(0)
    .max(1_000)
    .default(25)
    .description(
      'Shortest time between the beginnings of two transactions while fewer than 1000 events wait. Larger transactions cost less CPU and WAL per event, and answers count an event later by up to this time. The first event after a pause is recorded at once.',
    ),
  CONSUMER_MAX_MESSAGES: count
    .max(5_000)
    .default(2_000)
    .description('Maximum number of unacknowledged messages that one process holds.'),
  CONSUMER_MAX_BYTES: count
    .max(1_073_741_824)
    .default(8_388_608)
    .description('Bytes of held messages at which the consumer stops pulling.'),
  NATS_ACK_WAIT_SECONDS: count
    .max(3_600)
    .default(30)
    .description('Time without an acknowledgement after which JetStream delivers a message again, to any consumer.'),
  COUNTERS_AUDIT_SECONDS: count
    .max(3_600)
    .default(5)
    .description('Interval between audits. An audit compares the counters of up to 80 ads in Redis with Postgres.'),
};
