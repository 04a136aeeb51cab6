import type { Redis, RedisOptions } from 'ioredis';
import { tlsOptions } from '../tls.js';
import type { RedisAddress } from './redis-address.js';
import { type RedisConfig, redisSslMode } from './redis-variables.js';

/** The options of every connection to a server or a node of a cluster: credentials, TLS, and the prefix of keys. */
export function redisClientOptions(
  config: RedisConfig,
): Pick<RedisOptions, 'username' | 'password' | 'tls' | 'keyPrefix'> {
  const { REDIS_URL: url } = config;
  const user = url?.user ?? config.REDIS_USER;
  const password = url?.password ?? config.REDIS_PASSWORD;
  const tls = tlsOptions({
    mode: redisSslMode(config),
    ca: config.REDIS_TLS_CA,
    cert: config.REDIS_TLS_CERT,
    key: config.REDIS_TLS_KEY,
  });
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    keyPrefix: config.REDIS_KEY_PREFIX,
  };
}

/** The client listens to the first error of a socket only. After TLS is established there may be two, and the second would end the process. */
export function ignoreLaterErrors(client: Redis): void {
  client.on('connect', () => client.stream.on('error', () => undefined));
}

/** The address of the one server: in the URL, or in variables of its own. */
export function redisAddress({ REDIS_URL: url, REDIS_HOST, REDIS_PORT }: RedisConfig): RedisAddress {
  return { host: url?.host ?? REDIS_HOST, port: url?.port ?? REDIS_PORT };
}

export type SentinelOptions = Pick<
  RedisOptions,
  | 'sentinels'
  | 'name'
  | 'failoverDetector'
  | 'sentinelUsername'
  | 'sentinelPassword'
  | 'sentinelTLS'
  | 'enableTLSForSentinelMode'
>;

/** The options of a connection to the primary that Sentinels name. */
export function sentinelOptions(config: RedisConfig, sentinels: readonly RedisAddress[]): SentinelOptions {
  const { tls } = redisClientOptions(config);
  const { REDIS_SENTINEL_USER: user, REDIS_SENTINEL_PASSWORD: password } = config;
  return {
    sentinels: [...sentinels],
    name: config.REDIS_SENTINEL_NAME,
    // A failover is noticed at once, not only when the old primary refuses a write.
    failoverDetector: true,
    ...(user === undefined ? {} : { sentinelUsername: user }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}
