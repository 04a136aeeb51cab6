import Joi from 'joi';
import { compile } from 'proxy-addr';
import type { Logger } from '../log/logger.js';
import type { Environment, Variables } from './config.js';
import { toLogFile } from './log-file.js';
import { count, host, listOf, milliseconds, parseUrl, port, secret } from './schemas.js';

/** The `trust proxy` setting of Express: no proxy (false), every sender (true), a number of hops, or networks. */
export type TrustProxy = boolean | number | readonly string[];

export interface LogConfig {
  readonly LOG_LEVEL: 'error' | 'warn' | 'info' | 'debug';
  readonly LOG_FORMAT: 'json' | 'pretty';
  readonly LOG_FILE?: string;
}

/** The configuration of a process with an HTTP server. */
export interface ServerConfig {
  readonly HTTP_HOST: string;
  readonly HTTP_PORT: number;
  readonly HTTP_KEEP_ALIVE_TIMEOUT_MS: number;
  readonly HTTP_HEADERS_TIMEOUT_MS: number;
  readonly HTTP_REQUEST_TIMEOUT_MS: number;
  readonly HTTP_SEND_TIMEOUT_MS: number;
  readonly HTTP_MAX_CONNECTIONS: number;
  readonly HTTP_MAX_CONNECTIONS_PER_ADDRESS: number;
  readonly SHUTDOWN_GRACE_SECONDS: number;
}

export interface HttpConfig extends ServerConfig {
  readonly NODE_ENV?: string;
  readonly TRUST_PROXY: TrustProxy;
  readonly CORS_ORIGINS: '*' | readonly string[];
  readonly HSTS_MAX_AGE_SECONDS: number;
  readonly HSTS_INCLUDE_SUBDOMAINS: boolean;
  readonly RATE_LIMIT_READS_PER_MINUTE: number;
}

/** The configuration of a service with requests that need a key. */
export interface KeyConfig {
  readonly ADMIN_API_KEY?: string;
  readonly READ_ACCESS: 'public' | 'key';
  readonly API_KEYS_MAX_AGE_SECONDS: number;
}

/** The configuration of a service whose events may need a key. */
export interface EventAccessConfig {
  readonly EVENTS_ACCESS: 'public' | 'key';
}

/** The configuration of a service that takes the events of viewers from other servers. */
export interface StitcherConfig {
  readonly TRUSTED_STITCHERS: readonly string[];
}

/** The configuration of a service that takes events. */
export interface EventLimitConfig {
  readonly RATE_LIMIT_EVENTS_PER_MINUTE: number;
}

export const logVariables: Variables<LogConfig> = {
  LOG_LEVEL: Joi.string()
    .lowercase()
    .valid('error', 'warn', 'info', 'debug')
    .default('info')
    .description('Lowest level that is logged: error, warn, info or debug.'),
  LOG_FORMAT: Joi.string()
    .lowercase()
    .valid('json', 'pretty')
    .default('json')
    .description(
      'Form of the lines on standard output: `json`, or `pretty` for people. The lines of `LOG_FILE` are always JSON.',
    ),
  LOG_FILE: Joi.string()
    .custom(toLogFile)
    .description(
      'Path of a log file, in addition to standard output. Service and date are added to its name: `logs/ads.log` becomes `logs/ads-ingest-2026-01-31.log`. A new file begins each day, and after 100 MB. Files are kept for 14 days. If the file cannot be written, the service continues, logs a warning, and tries again within a minute. A deleted file is noticed within a minute and created again a minute later.',
    ),
};

export function serverVariables(defaultPort: number): Variables<ServerConfig> {
  return {
    HTTP_HOST: host.default('0.0.0.0').description('Address on which the service listens. `npm start` uses 127.0.0.1.'),
    HTTP_PORT: port
      .min(0)
      .default(defaultPort)
      .description(
        'Port on which the service listens; 0 chooses a free port. For `npm start`, the port of the public address (8080 by default).',
      ),
    // Longer than the usual 60 s of a load balancer. The balancer must close first: otherwise it may send a request on a
    // connection that the service is closing.
    HTTP_KEEP_ALIVE_TIMEOUT_MS: milliseconds
      .default(65_000)
      .description('How long an idle connection stays open. Keep it above the idle timeout of the load balancer.'),
    HTTP_HEADERS_TIMEOUT_MS: milliseconds
      .max(Joi.ref('HTTP_REQUEST_TIMEOUT_MS'))
      .default(10_000)
      .description('How long the headers of a request may take to arrive.'),
    HTTP_REQUEST_TIMEOUT_MS: milliseconds.default(30_000).description('How long a whole request may take to arrive.'),
    HTTP_SEND_TIMEOUT_MS: milliseconds
      .default(10_000)
      .description('The connection of a client that reads nothing of its response for this time is closed.'),
    // A service stays below 256 MB with incomplete headers on all connections.
    HTTP_MAX_CONNECTIONS: Joi.number()
      .integer()
      .min(1)
      .max(1_000_000)
      .default(4_000)
      .description(
        'Maximum number of open connections. At this limit a new connection may replace another one. The candidate is the address with the most connections, if it has at least two more than the address of the new connection: its oldest connection that is idle or has an incomplete request is closed. Otherwise the new connection is closed. Incomplete headers on 4,000 connections take 85 MB.',
      ),
    HTTP_MAX_CONNECTIONS_PER_ADDRESS: Joi.number()
      .integer()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .description(
        'Maximum number of open connections from one address or one IPv6 /56 network; further ones are closed at once. Raise it if more viewers share one address. Proxies that `TRUST_PROXY` names are exempt. If `TRUST_PROXY` is a number of hops or `true`, every sender is exempt. An exempt proxy must limit the connections of its clients itself; `infra/gateway` limits only their requests in progress.',
      ),
    // Below the 30 s after which Kubernetes kills a pod.
    SHUTDOWN_GRACE_SECONDS: Joi.number()
      .min(1)
      .max(3600)
      .default(25)
      .description('Longest time from SIGTERM to the exit.'),
  };
}

export function httpVariables(defaultPort: number): Variables<HttpConfig> {
  return {
    ...serverVariables(defaultPort),
    NODE_ENV: Joi.string().description('With `production`, which the images set, `TRUST_PROXY=true` is refused.'),
    TRUST_PROXY: Joi.string()
      .custom(toTrustProxy)
      .default(false)
      .description(
        'Proxies whose `X-Forwarded-For` is trusted: `false`, a comma-separated list of addresses and networks, a number of hops, or `true`. With a number N, the service trusts the last N entries of any sender, so clients must not be able to reach it directly. `true` lets each client choose its address, for the rate limit and the stored `ip`: it is logged as a warning, and refused with `NODE_ENV=production`.',
      ),
    CORS_ORIGINS: Joi.string()
      .custom(toOrigins)
      .default('*')
      .description('`*`, or a comma-separated list of origins that may read responses in a browser.'),
    HSTS_MAX_AGE_SECONDS: count
      .max(2_147_483_647)
      .default(0)
      .description(
        '`max-age` of `Strict-Transport-Security`; 0 sends no header. The header applies to the whole host name, so let the proxy that ends TLS send it if it can.',
      ),
    HSTS_INCLUDE_SUBDOMAINS: Joi.boolean()
      .default(false)
      .description('Adds `includeSubDomains` to `Strict-Transport-Security`.'),
    RATE_LIMIT_READS_PER_MINUTE: count
      .default(6_000)
      .description('Reads per minute that a process answers for one client; 0 disables the limit.'),
  };
}

export const eventLimitVariables: Variables<EventLimitConfig> = {
  RATE_LIMIT_EVENTS_PER_MINUTE: count
    .default(60_000)
    .description(
      'Requests with events per minute that a process answers for one client; 0 disables the limit. A batch counts as its number of events, or as its size in units of 2,048 bytes if that is more. Refused requests count too. Up to 100,000 clients are counted at a time.',
    ),
};

export const stitcherVariables: Variables<StitcherConfig> = {
  TRUSTED_STITCHERS: Joi.string()
    .custom(toNetworks)
    .default([])
    .description(
      'Servers that insert ads into streams and report for their viewers: a comma-separated list of addresses and networks. From them, `X-Device-IP` and `X-Device-User-Agent` are those of the viewer: they are stored, and the rate limit counts each viewer. The headers of all others are ignored, except those of keys with the scope `stitch`. A server behind a proxy of `TRUST_PROXY` has the address that the proxy reports.',
    ),
};

export const keyVariables: Variables<KeyConfig> = {
  ADMIN_API_KEY: secret
    .min(16)
    .max(256)
    .pattern(/^[!-~]+$/)
    .messages({ 'string.pattern.base': 'must be printable ASCII without spaces' })
    .description(
      'Key of the administrator, who may send all requests and create other keys, sent as `Authorization: Bearer KEY`: 16 to 256 printable ASCII characters. Unset: management is off, and requests that change something are answered with 403. `npm start` makes one.',
    ),
  READ_ACCESS: Joi.string()
    .valid('public', 'key')
    .default('public')
    .description(
      'Who may read ads, counters, reports and live streams: everybody (`public`), or requests with a key (`key`). Give ingest and analytics the same value.',
    ),
  // Longer than most outages of Postgres, so that events with a key are taken meanwhile. Shorter than a working day, because a
  // process that is cut off from Postgres accepts deleted keys for this time.
  API_KEYS_MAX_AGE_SECONDS: Joi.number()
    .integer()
    .min(5)
    .max(604_800)
    .default(14_400)
    .description(
      'How long the keys of `POST /api/v1/keys` keep working while a process cannot read them from Postgres; then requests with them get 503. `ADMIN_API_KEY` always works.',
    ),
};

export const eventAccessVariables: Variables<EventAccessConfig> = {
  EVENTS_ACCESS: Joi.string()
    .valid('public', 'key')
    .default('public')
    .description(
      'Who may send events to the JSON endpoints: everybody (`public`), or requests with a key (`key`). A key in a page or an app is not secret, so `key` is for events that servers send.',
    ),
};

/** Warns users of `KAFKA_BROKER`, a variable of an earlier version. */
export function warnAboutKafka(env: Environment, logger: Logger): void {
  if (env.KAFKA_BROKER) {
    logger.warn('KAFKA_BROKER has no effect: set NATS_URL instead', { event: 'config.kafka_ignored' });
  }
}

/** Warns that the addresses of clients are not reliable. */
export function warnAboutProxies(config: { readonly TRUST_PROXY?: TrustProxy | undefined }, logger: Logger): void {
  if (config.TRUST_PROXY !== true) return;
  logger.warn(
    'TRUST_PROXY=true lets each client choose its address: name the network of the proxy, such as 10.0.0.0/8',
    { event: 'config.every_proxy_trusted' },
  );
}

function toTrustProxy(value: string, helpers: Joi.CustomHelpers): TrustProxy | Joi.ErrorReport {
  const text = value.trim().toLowerCase();
  if (text === 'true') {
    const { NODE_ENV } = helpers.state.ancestors[0] as Environment;
    if (NODE_ENV !== 'production') return true;
    return helpers.message({
      custom:
        'true lets each client choose its address, so NODE_ENV=production refuses it: ' +
        'name the network of the proxy, such as 10.0.0.0/8, or a number of hops',
    });
  }
  if (text === 'false') return false;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const networks = listOf(text);
  if (networks.length > 0 && areNetworks(networks)) return networks;
  return helpers.message({
    custom:
      'must be true, false, a number of hops, or a list of addresses, networks (10.0.0.0/8), ' +
      'loopback, linklocal, uniquelocal',
  });
}

function toNetworks(value: string, helpers: Joi.CustomHelpers): string[] | Joi.ErrorReport {
  const networks = listOf(value.toLowerCase());
  if (networks.length > 0 && areNetworks(networks)) return networks;
  return helpers.message({ custom: 'must be a list of addresses and networks, such as 192.0.2.7,10.0.0.0/8' });
}

/** True if Express accepts the list as `trust proxy`. */
function areNetworks(networks: readonly string[]): boolean {
  try {
    compile([...networks]);
    return true;
  } catch {
    return false;
  }
}

function toOrigins(value: string, helpers: Joi.CustomHelpers): '*' | string[] | Joi.ErrorReport {
  const origins = listOf(value);
  if (origins.includes('*')) return '*';
  if (origins.length > 0 && origins.every((origin) => !origin.includes('*') && parseUrl(origin)?.origin === origin)) {
    return origins;
  }
  return helpers.message({
    custom:
      'must be * alone, or a list of origins such as https://player.example.com, without path, final slash and wildcard',
  });
}
