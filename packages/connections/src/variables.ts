import { schemas, type Variables } from '@ads/runtime';
import Joi from 'joi';
import { readNatsServers } from './nats/nats-address.js';
import type { RedisAddress } from './redis/redis-address.js';

export interface PostgresConfig {
  readonly POSTGRES_HOST: string;
  readonly POSTGRES_PORT: number;
  readonly POSTGRES_USER: string;
  readonly POSTGRES_PASSWORD?: string;
  readonly POSTGRES_DB: string;
  readonly POSTGRES_POOL_SIZE: number;
  /** Longest that a query or a transaction may take, waiting for a connection included. */
  readonly POSTGRES_TIMEOUT_MS: number;
}

export interface RedisConfig {
  readonly REDIS_HOST: string;
  readonly REDIS_PORT: number;
  readonly REDIS_PASSWORD?: string;
  readonly REDIS_DB: number;
  /** Nodes of a Redis Cluster, to find the others by; unset: the one server above. */
  readonly REDIS_CLUSTER_NODES?: readonly RedisAddress[];
  /** Longest that one command may take. */
  readonly REDIS_TIMEOUT_MS: number;
}

export interface NatsConfig {
  readonly NATS_URL: readonly string[];
  /** Longest that one call may take, and one attempt to connect. */
  readonly NATS_TIMEOUT_MS: number;
}

const { count, host, listOf, milliseconds, parseUrl, port, secret, toHost } = schemas;
/** The folder of its socket is what libpq and node-postgres take for a host, too. */
const hostOrSocket = Joi.string()
  .trim()
  .custom((text, helpers) => (text.startsWith('/') ? text : toHost(text, helpers)));

export const postgresVariables: Variables<PostgresConfig> = {
  POSTGRES_HOST: hostOrSocket.default('localhost'),
  POSTGRES_PORT: port.default(5432),
  POSTGRES_USER: Joi.string().default('postgres'),
  POSTGRES_PASSWORD: secret,
  POSTGRES_DB: Joi.string().default('ads'),
  POSTGRES_POOL_SIZE: Joi.number().integer().min(1).max(1000).default(10),
  POSTGRES_TIMEOUT_MS: milliseconds.default(5_000),
};

export const redisVariables: Variables<RedisConfig> = {
  REDIS_HOST: host.default('localhost'),
  REDIS_PORT: port.default(6379),
  REDIS_PASSWORD: secret,
  REDIS_DB: count.default(0).when('REDIS_CLUSTER_NODES', {
    is: Joi.exist(),
    // biome-ignore lint/suspicious/noThenProperty: joi calls it so.
    then: Joi.valid(0).messages({ 'any.only': 'must be 0 with REDIS_CLUSTER_NODES: a cluster has no other database' }),
  }),
  REDIS_CLUSTER_NODES: Joi.string().custom(toRedisAddresses),
  REDIS_TIMEOUT_MS: milliseconds.default(500),
};

export const natsVariables: Variables<NatsConfig> = {
  // A secret because an address may hold a user and a password.
  NATS_URL: secret.custom(toNatsUrls).default(['nats://localhost:4222']),
  NATS_TIMEOUT_MS: milliseconds.default(2_000),
};

function toNatsUrls(value: string, helpers: Joi.CustomHelpers): string[] | Joi.ErrorReport {
  const urls = listOf(value).map((url) => (url.includes('://') ? url : `nats://${url}`));
  try {
    readNatsServers(urls);
    return urls;
  } catch (error) {
    return helpers.message({ custom: (error as Error).message });
  }
}

function toRedisAddresses(value: string, helpers: Joi.CustomHelpers): RedisAddress[] | Joi.ErrorReport {
  const addresses = listOf(value).flatMap((text): RedisAddress[] => {
    const url = parseUrl(`redis://${text}`);
    if (url === undefined || url.hostname === '' || url.port === '' || url.host !== text.toLowerCase()) return [];
    // An IPv6 address has brackets around it, for the sake of the colons in it.
    return [{ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) }];
  });
  if (addresses.length > 0 && addresses.length === listOf(value).length) return addresses;
  return helpers.message({ custom: 'must be host:port, or several with commas between them' });
}
