import { type Logger, reasonOf } from '@ads/runtime';
import { Redis } from 'ioredis';
import type { RedisConfig } from '../variables.js';
import type { RedisAddress } from './redis-address.js';

/** One server, by a connection that comes back by itself. */
export interface RedisServer {
  readonly client: Redis;
  /** See `RedisShard`. */
  instanceId(): string | undefined;
  mayEvict(): boolean;
  /** True once it is known to be no node of a cluster. */
  isAlone(): boolean;
  isConnected(): boolean;
  /** Why there is no connection, in the words of the last attempt; undefined while there is one, or none was tried. */
  reason(): string | undefined;
  /** Asks the server for what may change while the connection stands. @throws when it can't be asked */
  readInfo(): Promise<void>;
  /** See `RedisShard`. */
  identify(): Promise<void>;
  close(): Promise<void>;
}

/** The name of the client, and the observers of its connection. */
export interface RedisOptions {
  readonly service: string;
  readonly logger: Logger;
  /** Called for each connection that is lost or could not be made. */
  readonly onFailure: (error: unknown) => void;
}

const RECONNECT_MS = 1_000;

/** Connects in the background for as long as it takes: this neither waits nor fails. */
export function connectRedis(
  { host, port }: RedisAddress,
  config: RedisConfig,
  { service, logger, onFailure }: RedisOptions,
): RedisServer {
  const timeoutMs = config.REDIS_TIMEOUT_MS;
  const client = new Redis({
    host,
    port,
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

  let instanceId: string | undefined;
  let mayEvict = false;
  let alone = false;
  let connection = 0;
  let reason: string | undefined;
  let closed = false;

  let replication: string | undefined;

  const readInfo = async (): Promise<void> => {
    const asked = connection;
    const info = parseInfo(await client.info());
    if (asked !== connection) return;
    const id = info.get('run_id');
    if (id === undefined) throw new Error('INFO has no run_id');
    mayEvict = Number(info.get('maxmemory')) > 0 && info.get('maxmemory_policy') !== 'noeviction';
    alone = info.get('redis_mode') !== 'cluster';
    replication = info.get('master_replid');
    instanceId = `${id}/${replication}/${info.get('evicted_keys')}`;
  };
  // A tenth of what all of INFO takes: as long as the connection lasts, nothing else can be another.
  const identify = async (): Promise<void> => {
    const info = parseInfo(await client.info('replication'));
    if (info.get('master_replid') !== replication) await readInfo();
  };

  client.on('ready', () => {
    reason = undefined;
    const asked = connection;
    readInfo().catch((error) => {
      // The connection that was asked may be gone, and another one there already.
      if (closed || asked !== connection) return;
      logger.debug('Redis instance id could not be read', { event: 'redis.identify_failed', error });
      // Without that the connection is of no use to those who depend on it: begin anew.
      client.disconnect(true);
    });
  });
  client.on('close', () => {
    connection += 1;
    instanceId = undefined;
    reason ??= 'the connection was lost';
  });
  client.on('error', (error: Error) => {
    if (closed) return;
    reason = reasonOf(error);
    onFailure(error);
  });

  return {
    client,
    instanceId: () => instanceId,
    mayEvict: () => mayEvict,
    isAlone: () => alone,
    isConnected: () => client.status === 'ready',
    reason: () => (client.status === 'ready' ? undefined : reason),
    readInfo,
    identify,
    close: async () => {
      closed = true;
      // Sends what is in the queue first; refused at once when there is no connection.
      await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

/** The fields of an answer to INFO or CLUSTER INFO. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
