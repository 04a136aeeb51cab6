import { type Logger, reasonOf } from '@ads/runtime';
import { type RedisOptions as ClientOptions, Redis } from 'ioredis';

import { ignoreLaterErrors, redisClientOptions, type SentinelOptions } from './redis-client-options.js';
import { isRedisRefusal } from './redis-failures.js';
import { type Identity, identityOf, parseInfo, REFUSED } from './redis-identity.js';
import type { RedisConfig } from './redis-variables.js';

/** One server and the connection to it, which reconnects by itself. */
export interface RedisServer {
  readonly client: Redis;
  /** See `RedisShard`. */
  instanceId(): string | undefined;
  unfit(): string | undefined;
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
  place: Pick<ClientOptions, 'host' | 'port' | 'db'> & Partial<SentinelOptions>,
  config: RedisConfig,
  { service, logger, onFailure }: RedisOptions,
): RedisServer {
  const timeoutMs = config.REDIS_TIMEOUT_MS;
  const client = new Redis({
    ...redisClientOptions(config),
    ...place,
    connectionName: service,
    connectTimeout: Math.max(timeoutMs, 1_000),
    commandTimeout: timeoutMs,
    // A hanging server keeps the socket open. Reconnect if nothing arrives while commands wait.
    socketTimeout: 3 * timeoutMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_MS),
    // After a failover the old primary refuses writes. Its DNS name then points to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    // The check of the client fails where INFO is refused. With Sentinels it also checks that the server is the primary.
    enableReadyCheck: place.sentinels !== undefined,
    // Commands fail at once while disconnected, and the client never repeats one by itself.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });

  ignoreLaterErrors(client);

  let identity: Identity | undefined;
  let connection = 0;
  let reason: string | undefined;
  let closed = false;
  let warned: string | undefined;

  /** The text of INFO; undefined if the server refuses the command, as some proxies and ACLs do. */
  const askInfo = async (...sections: string[]): Promise<string | undefined> => {
    try {
      return await client.info(...sections);
    } catch (error) {
      if (isRedisRefusal(error)) return undefined;
      throw error;
    }
  };
  const readInfo = async (): Promise<void> => {
    const asked = connection;
    const info = await askInfo();
    if (asked !== connection) return;
    identity = info === undefined ? REFUSED : identityOf(parseInfo(info));
    const { unfit } = identity;
    if (unfit !== undefined && unfit !== warned) {
      logger.warn(`Counters in Redis are not trusted, so Postgres answers: ${unfit}`, {
        event: 'redis.unfit',
        reason: unfit,
      });
    }
    warned = unfit;
  };
  // Costs a tenth of a full INFO. The `run_id` cannot change while the connection stands.
  const identify = async (): Promise<void> => {
    const info = await askInfo('replication');
    if (info !== undefined && parseInfo(info).get('master_replid') !== identity?.replication) await readInfo();
  };

  client.on('ready', () => {
    reason = undefined;
    const asked = connection;
    readInfo().catch((error) => {
      // A new connection may have replaced the one that answered.
      if (closed || asked !== connection) return;
      logger.debug('Redis instance id could not be read', { event: 'redis.identify_failed', error });
      reason = reasonOf(error);
      // The counters cannot be trusted without an instance id: reconnect.
      client.disconnect(true);
    });
  });
  client.on('close', () => {
    connection += 1;
    identity = undefined;
    reason ??= 'the connection was lost';
  });
  client.on('error', (error: Error) => {
    if (closed) return;
    reason = reasonOf(error);
    onFailure(error);
  });

  return {
    client,
    instanceId: () => identity?.instanceId,
    unfit: () => identity?.unfit,
    isAlone: () => identity?.isAlone === true,
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
