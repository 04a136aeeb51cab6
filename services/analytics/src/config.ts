import { type PostgresConfig, postgresVariables, type RedisConfig, redisVariables } from '@ads/connections';
import { type HttpConfig, httpVariables, type LogConfig, logVariables, type Variables } from '@ads/runtime';
import Joi from 'joi';

/** Everything that analytics can be told. */
export interface AnalyticsConfig extends HttpConfig, LogConfig, PostgresConfig, RedisConfig {
  readonly AD_CATALOGUE_REFRESH_SECONDS: number;
  /** Longest that one read of the catalogue may take: a page of it, a look-up, or the busiest of all ads. */
  readonly AD_CATALOGUE_TIMEOUT_MS: number;
  /** How often Postgres is asked whether the counters in Redis are in doubt. */
  readonly DOUBT_POLL_MS: number;
  /** How old the list of all ads may be. */
  readonly LIST_MAX_AGE_MS: number;
}

export const analyticsVariables: Variables<AnalyticsConfig> = {
  ...httpVariables(8082),
  ...logVariables,
  ...postgresVariables,
  ...redisVariables,
  AD_CATALOGUE_REFRESH_SECONDS: Joi.number().integer().min(1).max(3_600).default(10),
  AD_CATALOGUE_TIMEOUT_MS: Joi.number().integer().min(1).max(60_000).default(10_000),
  DOUBT_POLL_MS: Joi.number().integer().min(10).max(10_000).default(250),
  LIST_MAX_AGE_MS: Joi.number().integer().min(0).max(60_000).default(500),
};
