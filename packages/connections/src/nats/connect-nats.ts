import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  type JetStreamOptions,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  type TlsOptions,
} from 'nats';
import { tlsOptions } from '../tls.js';
import { readNatsServers } from './nats-address.js';
import { type NatsConfig, natsSslMode } from './nats-variables.js';

/** The pause between two attempts to connect, and its longest random addition. */
export const RECONNECT_MS = 500;
export const JITTER_MS = 250;

/**
 * Connects to NATS. All JetStream clients of the connection use the domain or the prefix of the configuration.
 *
 * @throws NatsError if no server accepts the connection within `NATS_TIMEOUT_MS`
 */
export async function connectNats(config: NatsConfig, service: string): Promise<NatsConnection> {
  const connection = await connect(natsOptions(config, service)).catch((error: unknown) => {
    throw explained(error, config);
  });
  const ours = jetStreamOptions(config);
  const jetstream = connection.jetstream.bind(connection);
  const jetstreamManager = connection.jetstreamManager.bind(connection);
  return Object.assign(connection, {
    jetstream: (options = {}) => jetstream({ ...ours, ...options }),
    jetstreamManager: (options = {}) => jetstreamManager({ ...ours, ...options }),
  } satisfies Pick<NatsConnection, 'jetstream' | 'jetstreamManager'>);
}

/** Adds the cause to an error that the client reports by a code only. */
function explained(error: unknown, config: NatsConfig): unknown {
  if (!(error instanceof NatsError)) return error;
  if (error.code === ErrorCode.ServerOptionNotAvailable) {
    error.message = 'the server has no TLS, which tls:// or NATS_SSLMODE requires';
  }
  if (error.code === ErrorCode.Tls && natsSslMode(config) === 'disable') {
    error.message = 'the server requires TLS: set NATS_SSLMODE to require, verify-ca or verify-full';
  }
  return error;
}

function jetStreamOptions(config: NatsConfig): JetStreamOptions {
  const { NATS_JS_DOMAIN: domain, NATS_JS_API_PREFIX: apiPrefix } = config;
  return { ...(domain === undefined ? {} : { domain }), ...(apiPrefix === undefined ? {} : { apiPrefix }) };
}

/** The options of the NATS client: addresses, login, TLS and pings. */
export function natsOptions(config: NatsConfig, service: string): ConnectionOptions {
  const { hosts, credentials } = readNatsServers(config.NATS_URL);
  return {
    // The client does not read users from addresses.
    servers: [...hosts],
    ...credentials,
    ...loginOf(config),
    ...tlsOf(config, hosts),
    name: service,
    // A stack trace per request costs more than sending the request.
    noAsyncTraces: true,
    timeout: config.NATS_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: JITTER_MS,
    // Detects a half-open connection after about 15 s.
    pingInterval: 5_000,
    maxPingOut: 2,
  };
}

function loginOf(config: NatsConfig): ConnectionOptions {
  const { NATS_USER: user, NATS_PASSWORD: pass, NATS_TOKEN: token, NATS_CREDS: creds, NATS_NKEY: nkey } = config;
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (creds !== undefined) return { authenticator: credsAuthenticator(bytes(creds)) };
  if (nkey !== undefined) return { authenticator: nkeyAuthenticator(bytes(nkey)) };
  if (token !== undefined) return { token };
  return user === undefined || pass === undefined ? {} : { user, pass };
}

/**
 * The client checks a certificate against the name in its first address, and against `localhost` for an IP address. Here it must
 * name any of the given servers, because the client also connects to servers of the cluster that it is told of.
 */
function tlsOf(config: NatsConfig, hosts: readonly string[]): Pick<ConnectionOptions, 'tls'> {
  const mode = natsSslMode(config);
  if (mode === undefined) return {};
  const tls = tlsOptions({ mode, ca: config.NATS_TLS_CA, cert: config.NATS_TLS_CERT, key: config.NATS_TLS_KEY });
  // Null refuses TLS.
  if (tls === undefined) return { tls: null };
  const names = hosts.map((host) => new URL(`nats://${host}`).hostname.replace(/^\[(.*)\]$/, '$1'));
  const namesOne = (_name: string, certificate: PeerCertificate): Error | undefined => {
    const errors = names.map((name) => checkServerIdentity(name, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
  return { tls: { ...(mode === 'verify-full' ? { checkServerIdentity: namesOne } : {}), ...tls } as TlsOptions };
}
