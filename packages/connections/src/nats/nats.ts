import { type DependencyHealth, every, type Logger, type Metrics, reasonOf, within } from '@ads/runtime';
import { type ConnectionOptions, connect, ErrorCode, Events, type NatsConnection, NatsError } from 'nats';
import { isNetworkError } from '../resilience/network-errors.js';
import { createGuard, NotConnected } from '../resilience/resilience.js';
import type { NatsConfig } from '../variables.js';
import { readNatsServers } from './nats-address.js';

export interface Nats {
  /** Undefined while there is no connection: what were sent then would only wait in memory. */
  connection(): NatsConnection | undefined;
  /**
   * Runs `fn` with the connection, perhaps several times, so it must be idempotent.
   *
   * @param operation what it does, for health: each operation that fails is judged by itself
   * @throws DependencyUnavailable, at once while disconnected; else what `fn` throws.
   */
  run<T>(fn: (connection: NatsConnection) => Promise<T>, operation?: string): Promise<T>;
  /** What was last seen, without asking. */
  health(): DependencyHealth;
  /** Asks; @throws DependencyUnavailable */
  ping(): Promise<void>;
  /** Sends what is buffered, waits for subscriptions to end (5 s at most), and closes. */
  close(): Promise<void>;
}

const nothing = (): undefined => undefined;

const RECONNECT_MS = 500;
const JITTER_MS = 250;
const DRAIN_TIMEOUT_MS = 5_000;
/**
 * How long the client may try to reconnect by itself. It waits by the system clock between two attempts: after that was
 * set back by an hour it would not try for an hour. A new client tries at once.
 */
const RECONNECTING_MS = 10_000;

/**
 * Connects in the background for as long as it takes: this neither waits nor fails.
 *
 * `setUp` makes what the process needs (streams, consumers) and must be idempotent: it runs after each connect, as a
 * server may have lost its streams meanwhile, and as the ping, as somebody may have deleted them. So NATS counts as up
 * only while what we use of it answers.
 */
export function openNats(
  config: NatsConfig,
  options: {
    service: string;
    metrics: Metrics;
    logger: Logger;
    attempts?: number;
    setUp: (connection: NatsConnection) => Promise<void>;
  },
): Nats {
  const { service, metrics, logger, attempts = 2, setUp } = options;
  let closing = false;
  let client: NatsConnection | undefined;
  let connected = false;
  /** Why there is no connection, in the words of the last attempt. */
  let reason: string | undefined;

  const guard = createGuard({
    dependency: 'nats',
    timeoutMs: 2 * config.NATS_TIMEOUT_MS,
    attempts,
    metrics,
    logger,
    isFailure: isNatsFailure,
    isRefusal: isNatsRefusal,
    isTimeout: isNatsTimeout,
  });

  const lost = (error: unknown): void => {
    connected = false;
    if (closing) return;
    reason = reasonOf(error);
    guard.failed(error);
  };

  const arrived = (): void => {
    connected = true;
    reason = undefined;
    // What fails now is tried again by the next ping.
    ping().catch((error) =>
      logger.debug('streams and consumers could not be set up in NATS', { event: 'nats.setup_failed', error }),
    );
  };

  const follow = async (connection: NatsConnection): Promise<void> => {
    let giveUp: NodeJS.Timeout | undefined;
    for await (const { type, data } of connection.status()) {
      if (type === Events.Disconnect) {
        lost(new Error('the connection was lost'));
        clearTimeout(giveUp);
        giveUp = setTimeout(() => void connection.close(), RECONNECTING_MS).unref();
      } else if (type === Events.Reconnect) {
        clearTimeout(giveUp);
        arrived();
      } else if (type === Events.Error) {
        logger.debug('NATS client reported an error', { event: 'nats.client_error', detail: data });
      }
    }
  };

  // The client reconnects by itself, but gives up at the start and when it is refused twice.
  const connectOnce = async (signal: AbortSignal): Promise<void> => {
    const connection = await connect(natsOptions(config, service));
    client = connection;
    // `close` ran during the connect and could not close this connection.
    if (signal.aborted) return await connection.close();
    arrived();
    void follow(connection);
    const error = await connection.closed();
    lost(error ?? new Error('the connection was closed'));
  };

  const current = (): NatsConnection | undefined =>
    connected && !client?.isClosed() && !client?.isDraining() ? client : undefined;

  const noConnection = (): string => `no connection to nats${reason === undefined ? '' : `: ${reason}`}`;

  const withConnection =
    <T>(fn: (connection: NatsConnection) => Promise<T>) =>
    async (): Promise<T> => {
      const connection = current();
      if (connection === undefined) throw new NotConnected(noConnection());
      return fn(connection);
    };
  const ping = (): Promise<void> => guard.probe(withConnection(setUp));
  const connecting = every(() => RECONNECT_MS + Math.random() * JITTER_MS, connectOnce, { onError: lost });

  return {
    connection: current,
    run: (fn, operation) => guard.execute(withConnection(fn), operation),
    health: () =>
      current() === undefined ? { ...guard.health(), status: 'down', detail: noConnection() } : guard.health(),
    ping,
    close: async () => {
      closing = true;
      const stopped = connecting.stop();
      const connection = client;
      if (connection !== undefined && !connection.isClosed()) {
        const drained = connected ? connection.drain() : connection.close();
        await within(DRAIN_TIMEOUT_MS, drained.catch(nothing), nothing);
        await connection.close();
      }
      await within(config.NATS_TIMEOUT_MS, stopped, nothing);
    },
  };
}

/** How to reach NATS: its addresses, who we are there, and how a link is watched. */
export function natsOptions(config: NatsConfig, service: string): ConnectionOptions {
  const { hosts, tls, credentials } = readNatsServers(config.NATS_URL);
  return {
    // The client does not read users from addresses.
    servers: [...hosts],
    ...(tls ? { tls: {} } : {}),
    ...credentials,
    name: service,
    // Of each request, where in the code it came from: that costs more than sending it.
    noAsyncTraces: true,
    timeout: config.NATS_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: JITTER_MS,
    // A link that is dead on one side only is noticed after about 15 s.
    pingInterval: 5_000,
    maxPingOut: 2,
  };
}

/** Without ConnectionDraining: it is we who drain, when the process ends. */
const FAILURES: ReadonlySet<string> = new Set([
  ErrorCode.Timeout,
  ErrorCode.NoResponders,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.Disconnect,
  ErrorCode.Cancelled,
  ErrorCode.RequestError,
  ErrorCode.Tls,
  ErrorCode.JetStream408RequestTimeout,
  ErrorCode.JetStream409,
  ErrorCode.JetStreamIdleHeartBeat,
  ErrorCode.AuthorizationViolation,
  ErrorCode.AuthenticationExpired,
  ErrorCode.AuthenticationTimeout,
  ErrorCode.PermissionsViolation,
  ErrorCode.ProtocolError,
]);

/** True if NATS did not answer in time. */
export function isNatsTimeout(error: unknown): boolean {
  return error instanceof NatsError && error.code === ErrorCode.Timeout;
}

/** JetStream is looking for a leader: it refuses nothing. */
const NO_LEADER: ReadonlySet<number> = new Set([10_008, 10_009]);
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorCode.PermissionsViolation,
  ErrorCode.MaxPayloadExceeded,
  ErrorCode.JetStreamInvalidAck,
  ErrorCode.BadJson,
]);

/** True if NATS answers, and refuses this operation: a full stream, a missing right, a message that is too large. */
export function isNatsRefusal(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  const { api_error: api } = error;
  return api === undefined ? REFUSALS.has(error.code) : !NO_LEADER.has(Number(api.err_code));
}

/** JetStream: no such stream. It was deleted, or not made yet; the message is not to blame. */
const STREAM_NOT_FOUND = 10_059;

/** True if NATS or the way to it is to blame; false if the message or the call is. */
export function isNatsFailure(error: unknown): boolean {
  if (!(error instanceof NatsError)) return isNetworkError(error);
  const { api_error: api } = error;
  if (api !== undefined) return api.code >= 500 || api.err_code === STREAM_NOT_FOUND;
  return FAILURES.has(error.code) || isNetworkError(error.chainedError);
}
