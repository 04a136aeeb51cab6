import { type DependencyHealth, every, type Logger, type Metrics, reasonOf, within } from '@ads/runtime';
import { ErrorCode, Events, type NatsConnection, NatsError } from 'nats';
import { isNetworkError } from '../resilience/network-errors.js';
import { createGuard, NotConnected } from '../resilience/resilience.js';
import { connectNats, JITTER_MS, RECONNECT_MS } from './connect-nats.js';
import type { NatsConfig } from './nats-variables.js';

export interface Nats {
  /** The connection; undefined while disconnected, because the client would buffer messages in memory. */
  connection(): NatsConnection | undefined;
  /**
   * Runs `fn` with the connection. It may run again after a failure, so it must be idempotent.
   *
   * @param operation name of the operation: health judges each operation separately
   * @throws DependencyUnavailable, at once while disconnected; otherwise the error of `fn`
   */
  run<T>(fn: (connection: NatsConnection) => Promise<T>, operation?: string): Promise<T>;
  /** The last known state. Does not contact the server. */
  health(): DependencyHealth;
  /** Runs `setUp`. @throws DependencyUnavailable */
  ping(): Promise<void>;
  /** Sends buffered messages, waits up to 5 s for subscriptions to end, and closes. */
  close(): Promise<void>;
}

const nothing = (): undefined => undefined;

const DRAIN_TIMEOUT_MS = 5_000;
/**
 * How long the client may reconnect by itself; a new client connects after that. The client measures its pauses by the system
 * clock: if that clock is set back by an hour, the client pauses for an hour.
 */
const RECONNECTING_MS = 10_000;

/**
 * Connects in the background and retries without limit. Returns at once and does not throw.
 *
 * `setUp` creates the streams and consumers of the process and must be idempotent. It runs after each connect, because a server
 * may have lost its streams. It is also the ping, because an operator may delete streams. NATS therefore counts as up only
 * while the streams that the process uses exist.
 */
export function openNats(
  config: NatsConfig,
  options: {
    service: string;
    metrics: Metrics;
    logger: Logger;
    setUp: (connection: NatsConnection) => Promise<void>;
  },
): Nats {
  const { service, metrics, logger, setUp } = options;
  let closing = false;
  let client: NatsConnection | undefined;
  let connected = false;
  /** The error of the last attempt to connect. */
  let reason: string | undefined;

  const guard = createGuard({
    dependency: 'nats',
    timeoutMs: 2 * config.NATS_TIMEOUT_MS,
    attempts: 2,
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
    // The next ping repeats a failed set-up.
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

  // The client reconnects by itself, but gives up during the first connect and after two refusals.
  const connectOnce = async (signal: AbortSignal): Promise<void> => {
    const connection = await connectNats(config, service);
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

/** Does not contain ConnectionDraining: this process drains its connection only when it ends. */
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

/** JetStream is electing a leader, which is not a refusal. */
const NO_LEADER: ReadonlySet<number> = new Set([10_008, 10_009]);
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorCode.PermissionsViolation,
  ErrorCode.MaxPayloadExceeded,
  ErrorCode.JetStreamInvalidAck,
  ErrorCode.BadJson,
]);

/** True if NATS answers and refuses this operation: full stream, missing permission, message too large. */
export function isNatsRefusal(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  const { api_error: api } = error;
  return api === undefined ? REFUSALS.has(error.code) : !NO_LEADER.has(Number(api.err_code));
}

/** JetStream: no such stream. It was deleted or does not exist yet; the message is not at fault. */
const STREAM_NOT_FOUND = 10_059;

/** True if NATS or the network is at fault; false if the message or the call is. */
export function isNatsFailure(error: unknown): boolean {
  if (!(error instanceof NatsError)) return isNetworkError(error);
  const { api_error: api } = error;
  if (api !== undefined) return api.code >= 500 || api.err_code === STREAM_NOT_FOUND;
  return FAILURES.has(error.code) || isNetworkError(error.chainedError);
}
