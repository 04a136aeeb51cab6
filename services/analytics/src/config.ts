import {
  type CatalogueConfig,
  catalogueVariables,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  redisVariables,
} from '@ads/connections';
import {
  type EventAgeConfig,
  eventAgeVariables,
  type HttpConfig,
  httpVariables,
  type KeyConfig,
  keyVariables,
  type LogConfig,
  logVariables,
  type MinuteRetentionConfig,
  minuteRetentionVariables,
  type TracingConfig,
  tracingVariables,
  type Variables,
} from '@ads/runtime';
import Joi from 'joi';

/** Configuration of analytics. */
export interface AnalyticsConfig
  extends HttpConfig,
    KeyConfig,
    LogConfig,
    TracingConfig,
    PostgresConfig,
    RedisConfig,
    CatalogueConfig,
    EventAgeConfig,
    MinuteRetentionConfig {
  readonly DOUBT_POLL_MS: number;
  readonly LIST_MAX_AGE_MS: number;
  readonly MAX_STREAMS: number;
  readonly MAX_EXPORTS: number;
  readonly EXPORT_TIMEOUT_SECONDS: number;
  readonly QUALITY_MAX_EVENTS: number;
}

export const analyticsVariables: Variables<AnalyticsConfig> = {
  ...httpVariables(8082),
  ...keyVariables,
  ...logVariables,
  ...tracingVariables,
  ...postgresVariables,
  ...redisVariables,
  ...catalogueVariables,
  ...eventAgeVariables,
  ...minuteRetentionVariables,
  DOUBT_POLL_MS: Joi.number()
    .integer()
    .min(10)
    .max(10_000)
    .default(250)
    .description('Interval between reads of the doubts about the counters in Redis.'),
  LIST_MAX_AGE_MS: Joi.number()
    .integer()
    .min(0)
    .max(60_000)
    .default(500)
    .description(
      'The cached list of all ads is read again after this time, or after ten times its read time (10 s at most), whichever is longer.',
    ),
  MAX_STREAMS: Joi.number()
    .integer()
    .min(1)
    .max(Joi.ref('HTTP_MAX_CONNECTIONS'))
    .default(200)
    .description(
      'Live streams at a time. When all are open, a new stream replaces the oldest stream of the client with the most streams, if that client has at least two more than the new one. Otherwise the request is answered with 503.',
    ),
  MAX_EXPORTS: Joi.number()
    .integer()
    .min(1)
    .max(100)
    .default(4)
    .description(
      'Maximum number of exports of events, and separately of exports of reports, per process at a time. One client may use half of the exports of reports. Half of this number of diagnostics of ads are read at a time, one for each client. Further requests are answered with 503. Each export holds a connection to Postgres in addition to `POSTGRES_POOL_SIZE`.',
    ),
  EXPORT_TIMEOUT_SECONDS: Joi.number()
    .integer()
    .min(1)
    .max(86_400)
    .default(600)
    .description(
      'Longest time of an export; then its connection is closed before the end. While an export runs, Postgres cannot drop or add partitions of `ad_events`.',
    ),
  QUALITY_MAX_EVENTS: Joi.number()
    .integer()
    .min(1_000)
    .max(100_000_000)
    .default(500_000)
    .description(
      'Maximum number of stored events of all ads, the newest of the range, that one answer of `/ads/analytics/quality` reads. The answer says if the range has more.',
    ),
};
