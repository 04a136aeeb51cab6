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
  readonly POSTGRES_SSLMODE: 'disable' | 'require' | 'verify-full';
  readonly POSTGRES_POOL_SIZE: number;
  readonly POSTGRES_TIMEOUT_MS: number;
  readonly PLACEHOLDER_PASSWORDS: 'refuse' | 'allow';
}

export interface RedisConfig {
  readonly REDIS_HOST: string;
  readonly REDIS_PORT: number;
  readonly REDIS_PASSWORD?: string;
  readonly REDIS_DB: number;
  readonly REDIS_CLUSTER_NODES?: readonly RedisAddress[];
  readonly REDIS_TIMEOUT_MS: number;
}

export interface NatsConfig {
  readonly NATS_URL: readonly string[];
  readonly NATS_TIMEOUT_MS: number;
}

/** The limits of the JetStream streams that the services create. */
export interface StreamConfig {
  readonly NATS_STREAM_REPLICAS: number;
  readonly NATS_STREAM_MAX_BYTES: number;
  readonly NATS_DEAD_LETTERS_MAX_BYTES: number;
}

/** How events are recorded, by the consumer or straight from ingest. */
export interface RecordingConfig {
  readonly MAX_LABEL_VALUES: number;
  readonly IVT: 'off' | 'on';
  readonly IVT_DOUBLE_CLICK_MS: number;
  readonly IVT_FLOOD_PER_HOUR: number;
}

/** How the ad catalogue is read from Postgres. */
export interface CatalogueConfig {
  readonly AD_CATALOGUE_REFRESH_SECONDS: number;
  readonly AD_CATALOGUE_TIMEOUT_MS: number;
}

const { count, host, listOf, milliseconds, parseUrl, port, secret, toHost } = schemas;
/** libpq and node-postgres also accept the folder of the Unix socket as a host. */
const hostOrSocket = Joi.string()
  .trim()
  .custom((text, helpers) => (text.startsWith('/') ? text : toHost(text, helpers)));

/** Variables whose default depends on the service. */
export const timeouts = {
  NATS_TIMEOUT_MS: milliseconds.description('Longest time of one call, and of one attempt to connect.'),
  POSTGRES_TIMEOUT_MS: milliseconds.description(
    'Longest time of one statement or transaction, including the wait for a connection.',
  ),
};

export const postgresVariables: Variables<PostgresConfig> = {
  POSTGRES_HOST: hostOrSocket
    .default('localhost')
    .description('Host name, address, or folder of the Unix socket of Postgres.'),
  POSTGRES_PORT: port.default(5432).description('Port of Postgres.'),
  POSTGRES_USER: Joi.string().default('postgres').description('Role that connects to Postgres.'),
  POSTGRES_PASSWORD: secret.description('Password of the role.'),
  POSTGRES_DB: Joi.string().default('ads').description('Database.'),
  POSTGRES_SSLMODE: Joi.string()
    .valid('disable', 'require', 'verify-full')
    .default('disable')
    .description(
      'TLS to Postgres: `require` encrypts and accepts any certificate, `verify-full` also checks the certificate and its host name. `NODE_EXTRA_CA_CERTS` names a file with additional certificate authorities.',
    ),
  POSTGRES_POOL_SIZE: Joi.number()
    .integer()
    .min(1)
    .max(1000)
    .default(10)
    .description('Connections to Postgres per process.'),
  POSTGRES_TIMEOUT_MS: timeouts.POSTGRES_TIMEOUT_MS.default(5_000),
  PLACEHOLDER_PASSWORDS: Joi.string()
    .valid('refuse', 'allow')
    .default('refuse')
    .description(
      '`allow` accepts the public placeholder passwords of the Kubernetes manifests and of Compose, for a trial. By default a process with one of them does not start.',
    ),
};

export const redisVariables: Variables<RedisConfig> = {
  REDIS_HOST: host
    .default('localhost')
    .description('Host name or address of Redis. The server needs `maxmemory-policy noeviction`.'),
  REDIS_PORT: port.default(6379).description('Port of Redis.'),
  REDIS_PASSWORD: secret.description('Password of Redis.'),
  REDIS_DB: count
    .default(0)
    .description('Number of the Redis database; must be 0 with `REDIS_CLUSTER_NODES`.')
    .when('REDIS_CLUSTER_NODES', {
      is: Joi.exist(),
      // biome-ignore lint/suspicious/noThenProperty: joi names the option `then`.
      then: Joi.valid(0).messages({
        'any.only': 'must be 0 with REDIS_CLUSTER_NODES: a cluster has no other database',
      }),
    }),
  REDIS_CLUSTER_NODES: Joi.string()
    .custom(toRedisAddresses)
    .description(
      'Comma-separated list of some nodes of a Redis Cluster, each as host:port. It replaces `REDIS_HOST` and `REDIS_PORT`.',
    ),
  REDIS_TIMEOUT_MS: milliseconds.default(500).description('Longest time of one command.'),
};

export const natsVariables: Variables<NatsConfig> = {
  // A secret because an address may hold a user and a password.
  NATS_URL: secret
    .custom(toNatsUrls)
    .default(['nats://localhost:4222'])
    .description(
      'Comma-separated list of the addresses of one NATS server or cluster, such as `nats://user:password@host:4222`.',
    ),
  NATS_TIMEOUT_MS: timeouts.NATS_TIMEOUT_MS.default(2_000),
};

export const streamVariables: Variables<StreamConfig> = {
  NATS_STREAM_REPLICAS: Joi.number()
    .integer()
    .min(1)
    .max(5)
    .default(1)
    .description('Copies of the streams `AD_EVENTS` and `AD_DEAD_LETTERS`.'),
  NATS_STREAM_MAX_BYTES: Joi.number()
    .integer()
    .min(-1)
    .default(-1)
    .description(
      'Size limit of the stream `AD_EVENTS`; -1 leaves only the limit of the NATS server. A full stream refuses new messages. JetStream reserves this size: keep the sum of both streams below `max_file_store`. `npm start` uses 1073741824.',
    ),
  // One dead letter may be as large as a message of NATS, a megabyte.
  NATS_DEAD_LETTERS_MAX_BYTES: Joi.number()
    .integer()
    .allow(-1)
    .min(2_097_152)
    .default(268_435_456)
    .description('Size limit of the stream `AD_DEAD_LETTERS`; -1 leaves only the limit of the NATS server.'),
};

/** The stream limits in the names of `streamSettings`. */
export function streamLimits(config: StreamConfig) {
  return {
    replicas: config.NATS_STREAM_REPLICAS,
    maxBytes: config.NATS_STREAM_MAX_BYTES,
    deadLettersMaxBytes: config.NATS_DEAD_LETTERS_MAX_BYTES,
  };
}

export const recordingVariables: Variables<RecordingConfig> = {
  MAX_LABEL_VALUES: Joi.number()
    .integer()
    .min(0)
    .max(100_000)
    .default(1_000)
    .description(
      'Values per ad and label (such as placement) that reports list; further values are counted together as `(other)`. Give ingest and the consumer the same value.',
    ),
  IVT: Joi.string()
    .valid('off', 'on')
    .default('on')
    .description(
      'With `on`, invalid traffic is stored with the reason, and counted apart from valid events. With `off`, all events are valid. Give ingest and the consumer the same value.',
    ),
  IVT_DOUBLE_CLICK_MS: Joi.number()
    .integer()
    .min(0)
    .max(3_600_000)
    .default(1_000)
    .description(
      'A click is invalid (`double_click`) if the same viewer clicked on the same ad less than this time before it. 0 disables the rule. Give ingest and the consumer the same value.',
    ),
  IVT_FLOOD_PER_HOUR: Joi.number()
    .integer()
    .min(0)
    .max(1_000_000)
    .default(30)
    .description(
      'Maximum number of clicks of a viewer on an ad in a clock hour, by the time of receipt; further ones are invalid (`flood`). 0 disables the rule. Give ingest and the consumer the same value.',
    ),
};

/** The rules for clicks when they are recorded; undefined with `IVT=off`. */
export function gateRules({ IVT, IVT_DOUBLE_CLICK_MS, IVT_FLOOD_PER_HOUR }: RecordingConfig) {
  if (IVT === 'off') return undefined;
  return { doubleClickMs: IVT_DOUBLE_CLICK_MS, floodPerHour: IVT_FLOOD_PER_HOUR };
}

export const catalogueVariables: Variables<CatalogueConfig> = {
  AD_CATALOGUE_REFRESH_SECONDS: Joi.number()
    .integer()
    .min(1)
    .max(3_600)
    .default(10)
    .description(
      'Interval between reads of the ad catalogue. An ad that is not in memory is looked up in Postgres at once; if it is missing, the same ad is not looked up again for 0.5 to 1.5 s.',
    ),
  AD_CATALOGUE_TIMEOUT_MS: Joi.number()
    .integer()
    .min(1)
    .max(60_000)
    .default(10_000)
    .description('Longest time of one read of the catalogue: a page, a look-up, or a ranking of all ads.'),
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
    // A URL has brackets around an IPv6 address.
    return [{ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) }];
  });
  if (addresses.length > 0 && addresses.length === listOf(value).length) return addresses;
  return helpers.message({ custom: 'must be host:port, or several with commas between them' });
}
