import { isHost, schemas, type Variables } from '@ads/runtime';
import Joi from 'joi';
import { type SslMode, siblingsOf, tlsSchemas, toSslMode } from '../tls.js';
import { asInUrl, decoded, hostOf, readUrl, toUrl } from '../url.js';
import type { RedisAddress } from './redis-address.js';

/** The parts that `REDIS_URL` names; undefined parts come from their own variables. */
export interface RedisUrl {
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly db: number | undefined;
  /** True for `rediss://`. */
  readonly tls: boolean;
}

export interface RedisConfig {
  readonly REDIS_URL?: RedisUrl;
  readonly REDIS_HOST: string;
  readonly REDIS_PORT: number;
  readonly REDIS_USER?: string;
  readonly REDIS_PASSWORD?: string;
  readonly REDIS_DB: number;
  readonly REDIS_CLUSTER_NODES?: readonly RedisAddress[];
  readonly REDIS_SENTINELS?: readonly RedisAddress[];
  readonly REDIS_SENTINEL_NAME: string;
  readonly REDIS_SENTINEL_USER?: string;
  readonly REDIS_SENTINEL_PASSWORD?: string;
  readonly REDIS_SSLMODE?: SslMode;
  readonly REDIS_TLS_CA?: string;
  readonly REDIS_TLS_CERT?: string;
  readonly REDIS_TLS_KEY?: string;
  readonly REDIS_KEY_PREFIX: string;
  readonly REDIS_TIMEOUT_MS: number;
}

const { count, host, listOf, milliseconds, parseUrl, port, secret } = schemas;

const FORM = 'must be redis://user:password@host:6379 or rediss:// (TLS), with /number for another database';

/** @throws Error that names the problem and contains no secret */
export function readRedisUrl(text: string): RedisUrl {
  const url = readUrl(text, FORM);
  const name = hostOf(url);
  if (!/^rediss?:$/.test(url.protocol) || url.hash !== '' || name === undefined || !isHost(name)) throw new Error(FORM);
  if (url.search !== '') throw new Error('must not have parameters: set REDIS_SSLMODE, REDIS_TLS_CA_FILE, … instead');
  if (!/^\/?\d{0,5}$/.test(url.pathname)) throw new Error(FORM);
  const db = url.pathname.slice(1);
  return {
    host: name,
    port: url.port === '' ? undefined : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    db: db === '' ? undefined : Number(db),
    tls: url.protocol === 'rediss:',
  };
}

/** How the connection is encrypted. By default `rediss://` verifies certificates, and all other connections have no TLS. */
export function redisSslMode({
  REDIS_SSLMODE: mode,
  REDIS_URL: url,
}: Pick<RedisConfig, 'REDIS_SSLMODE' | 'REDIS_URL'>): SslMode {
  return mode ?? (url?.tls === true ? 'verify-full' : 'disable');
}

const tls = tlsSchemas({
  prefix: 'REDIS',
  server: 'Redis',
  isEncrypted: (siblings) => redisSslMode(siblings) !== 'disable',
});

/** `REDIS_URL` is first, because the rules of its parts compare them with it. */
export const redisVariables: Variables<RedisConfig> = {
  REDIS_URL: secret
    .custom(toUrl(readRedisUrl))
    .description(
      'Address of Redis, such as `rediss://user:password@host:6379/0`; `rediss` is TLS. A part that it does not name comes from its own variable, such as `REDIS_PASSWORD_FILE`.',
    ),
  REDIS_HOST: host
    .custom(asInUrl('REDIS_URL', 'host'))
    .default('localhost')
    .description('Host name or address of Redis. The server needs `maxmemory-policy noeviction`.'),
  REDIS_PORT: port.custom(asInUrl('REDIS_URL', 'port')).default(6379).description('Port of Redis.'),
  REDIS_USER: Joi.string()
    .custom(asInUrl('REDIS_URL', 'user'))
    .description('User of Redis (ACL). Unset: the user `default`.'),
  REDIS_PASSWORD: secret.custom(asInUrl('REDIS_URL', 'password')).description('Password of Redis.'),
  REDIS_DB: count
    .custom(asInUrl('REDIS_URL', 'db'))
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
    .custom(insteadOf('REDIS_URL'))
    .description(
      'Comma-separated list of some nodes of a Redis Cluster, each as host:port. It replaces `REDIS_HOST` and `REDIS_PORT`.',
    ),
  REDIS_SENTINELS: Joi.string()
    .custom(toRedisAddresses)
    .custom(insteadOf('REDIS_URL'))
    .custom(insteadOf('REDIS_CLUSTER_NODES'))
    .description(
      'Comma-separated list of Redis Sentinels, each as host:port, which name the primary. It replaces `REDIS_HOST` and `REDIS_PORT`. `REDIS_SSLMODE` applies to the Sentinels too.',
    ),
  REDIS_SENTINEL_NAME: Joi.string()
    .custom(onlyWithSentinels)
    .default('mymaster')
    .description('Name of the primary at the Sentinels.'),
  REDIS_SENTINEL_USER: Joi.string()
    .custom(onlyWithSentinels)
    .description('User of the Sentinels. Unset: the user `default`.'),
  REDIS_SENTINEL_PASSWORD: secret.custom(onlyWithSentinels).description('Password of the Sentinels.'),
  REDIS_SSLMODE: Joi.string()
    .custom(toSslMode)
    .custom(asScheme)
    .description(
      'TLS to Redis, with the values of `POSTGRES_SSLMODE`. Unset: `verify-full` with `rediss://`, otherwise no TLS.',
    ),
  REDIS_TLS_CA: tls.ca,
  REDIS_TLS_CERT: tls.cert,
  REDIS_TLS_KEY: tls.key,
  REDIS_KEY_PREFIX: Joi.string()
    .pattern(/^[\w:.-]{1,64}$/)
    .messages({ 'string.pattern.base': 'must be up to 64 letters, digits, _ : . and -' })
    .default('')
    .description(
      'Text before the name of every key, such as `tracker:`, for a Redis whose ACL allows these keys only.',
    ),
  REDIS_TIMEOUT_MS: milliseconds.default(500).description('Longest time of one command.'),
};

function insteadOf(other: string) {
  return (value: unknown, helpers: Joi.CustomHelpers): unknown =>
    siblingsOf(helpers)[other] === undefined
      ? value
      : helpers.message({ custom: `contradicts ${other}: set only one of them` });
}

function onlyWithSentinels(value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  if (siblingsOf(helpers).REDIS_SENTINELS !== undefined) return value;
  return helpers.message({ custom: 'has no effect without REDIS_SENTINELS' });
}

function asScheme(mode: SslMode, helpers: Joi.CustomHelpers): SslMode | Joi.ErrorReport {
  const url = siblingsOf(helpers).REDIS_URL;
  const isContradiction = typeof url === 'object' && (url as RedisUrl).tls !== (mode !== 'disable');
  return isContradiction
    ? helpers.message({ custom: 'contradicts REDIS_URL: rediss:// is with TLS, redis:// without' })
    : mode;
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
