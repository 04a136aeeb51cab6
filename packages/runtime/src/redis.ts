import { Redis, ReplyError } from 'ioredis';
import type { DependencyHealth } from './health.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { createGuard, DependencyUnavailable, isNetworkError, NotConnected } from './resilience.js';
import type { RedisConfig } from './variables.js';

export interface RedisConnection {
  /**
   * Runs commands. They may be run again after a failure, so they must be idempotent. A pipeline
   * hides the errors of its commands: `fn` must look for them.
   * @throws DependencyUnavailable, or what `fn` throws.
   */
  run<T>(operation: string, fn: (client: Redis) => Promise<T>): Promise<T>;
  /**
   * What the keys that we wrote can be relied on by: another text whenever the server may have lost some of them. It is
   * the `run_id` of the very process that this connection talks to (a restarted one has another), with the number of
   * keys that it evicted so far. Undefined while disconnected, and until it was read.
   */
  lifetime(): string | undefined;
  /** True if the server may drop keys when its memory is full, so that a missing one is no zero. */
  evicts(): boolean;
  /** What was last seen, without asking. */
  health(): DependencyHealth;
  /** Asks; @throws DependencyUnavailable */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const RECONNECT_MS = 1_000;

/** Connects in the background for as long as it takes: this neither waits nor fails. */
export function openRedis(
  config: RedisConfig,
  options: { service: string; metrics: Metrics; logger: Logger },
): RedisConnection {
  const { service, metrics, logger } = options;
  const timeoutMs = config.REDIS_TIMEOUT_MS;
  const client = new Redis({
    host: config.REDIS_HOST,
    port: config.REDIS_PORT,
    password: config.REDIS_PASSWORD,
    db: config.REDIS_DB,
    connectionName: service,
    connectTimeout: Math.max(timeoutMs, 1_000),
    commandTimeout: timeoutMs,
    // A server that hangs leaves the socket open: silence while commands wait means reconnect.
    socketTimeout: 3 * timeoutMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_MS),
    // After a failover the old primary refuses writes; the name then leads to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    // Nothing waits for a connection, and nothing is sent twice behind the caller's back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });

  const guard = createGuard({
    dependency: 'redis',
    // Above the timeout of one command, as `fn` may send several.
    timeoutMs: 2 * timeoutMs,
    attempts: 2,
    metrics,
    logger,
    isFailure: isRedisFailure,
  });

  let lifetime: string | undefined;
  let evicts = false;
  let connection = 0;
  let troubleLogged = false;
  let closed = false;

  const readServer = async (): Promise<void> => {
    const asked = connection;
    const info = parseInfo(await client.info());
    if (asked !== connection) return;
    const id = info.get('run_id');
    if (id === undefined) throw new Error('INFO has no run_id');
    evicts = Number(info.get('maxmemory')) > 0 && info.get('maxmemory_policy') !== 'noeviction';
    lifetime = `${id}/${info.get('evicted_keys')}`;
  };

  client.on('ready', () => {
    if (troubleLogged) logger.info('redis is connected again');
    troubleLogged = false;
    const asked = connection;
    readServer().catch((error) => {
      // The connection that was asked may be gone, and another one there already.
      if (closed || asked !== connection) return;
      logger.debug('redis did not say which server it is', { error });
      // Without that the connection is of no use to those who depend on it: begin anew.
      client.disconnect(true);
    });
  });
  client.on('close', () => {
    connection += 1;
    lifetime = undefined;
  });
  client.on('error', (error: Error) => {
    // Once in an outage, not once for each attempt.
    if (troubleLogged || closed) return;
    troubleLogged = true;
    logger.warn('redis connection failed; trying until it is there', { error });
  });

  const run = async <T>(operation: string, fn: (client: Redis) => Promise<T>): Promise<T> => {
    let status = 'ok';
    try {
      return await guard.execute(async () => {
        if (client.status !== 'ready') throw new NotConnected('no connection to redis');
        return fn(client);
      });
    } catch (error) {
      status = error instanceof DependencyUnavailable ? 'unavailable' : 'error';
      throw error;
    } finally {
      metrics.redisOperations.inc({ operation, status });
    }
  };

  return {
    run,
    lifetime: () => lifetime,
    evicts: () => evicts,
    health: () => ({ ...guard.health(), ...(client.status === 'ready' ? {} : { status: 'down' }) }),
    // Asks for what may change while the connection stands, too.
    ping: () => guard.probe(readServer),
    close: async () => {
      closed = true;
      // Sends what is in the queue first; refused at once when there is no connection.
      await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** True if Redis or the way to it is to blame; false if the command is. */
export function isRedisFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ReplyError) {
    return /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|NOAUTH|WRONGPASS|NOPERM|BUSY|MISCONF|NOREPLICAS|UNBLOCKED)\b/.test(
      error.message,
    );
  }
  return (
    isNetworkError(error) ||
    ['MaxRetriesPerRequestError', 'AbortError'].includes(error.name) ||
    /^Command timed out|^Connection is closed|^Stream isn't writeable|^Socket timeout|^connect ETIMEDOUT/.test(
      error.message,
    )
  );
}
