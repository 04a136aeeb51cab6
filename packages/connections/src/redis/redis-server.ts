import { type Logger, reasonOf } from '@ads/runtime';
import { Redis } from 'ioredis';
import type { RedisConfig } from '../variables.js';
import type { RedisAddress } from './redis-address.js';

/** One server and the connection to it, which reconnects by itself. */
export interface RedisServer {
  readonly client: Redis;
  /** See `RedisShard`. */
  instanceId(): string | undefined;
  mayEvict(): boolean;
  /** True if the server is not part of a cluster. False until that is known. */
  isAlone(): boolean;
  isConnected(): boolean;
  /** The error of the last attempt to connect; undefined while connected and before the first attempt. */
  reason(): string | undefined;
  /** Reads the properties that may change while the server is connected. @throws if it does not answer */
  readInfo(): Promise<void>;
  /** See `RedisShard`. */
  identify(): Promise<void>;
  close(): Promise<void>;
}

/** The name of the client, its logger, and the observer of its connection. */
export interface RedisOptions {
  readonly service: string;
  readonly logger: Logger;
  /** Called for each lost connection and each failed attempt to connect. */
  readonly onFailure: (error: unknown) => void;
}

const RECONNECT_MS = 1_000;

/** Connects in the background and retries without limit. Returns at once and does not throw. */
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
    // A hanging server keeps the socket open. Reconnect if nothing arrives while commands wait.
    socketTimeout: 3 * timeoutMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_MS),
    // After a failover the old primary refuses writes. Its DNS name then points to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    // Commands fail at once while disconnected, and the client never repeats one by itself.
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
  // Costs a tenth of a full INFO. The `run_id` cannot change while the connection stands.
  const identify = async (): Promise<void> => {
    const info = parseInfo(await client.info('replication'));
    if (info.get('master_replid') !== replication) await readInfo();
  };

  client.on('ready', () => {
    reason = undefined;
    const asked = connection;
    readInfo().catch((error) => {
      // A new connection may have replaced the one that answered.
      if (closed || asked !== connection) return;
      logger.debug('Redis instance id could not be read', { event: 'redis.identify_failed', error });
      // The counters cannot be trusted without an instance id: reconnect.
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
      // Sends queued commands first. Fails at once while disconnected.
      await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

/** The fields in the answer to INFO or CLUSTER INFO. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
