import { type LocalProcess, openPool, type TestServers, type Variables, waitFor } from '@ads/local';
import {
  type AdEvent,
  DEAD_LETTER_EVENTS,
  DEAD_LETTER_REASON,
  DEAD_LETTER_SOURCE,
  DEAD_LETTER_STREAM,
  EVENT_STREAM,
  EVENT_SUBJECT,
  encodeEvents,
  LEDGER_CONSUMER,
} from '@ads/models';
import { Redis } from 'ioredis';
import { connect, type NatsConnection } from 'nats';

export async function openQueue(testServers: TestServers, env: Variables): Promise<NatsConnection> {
  const connection = await connect({ servers: env.NATS_URL ?? '', maxReconnectAttempts: -1 });
  testServers.onRelease(() => connection.close());
  return connection;
}

/** Publishes messages and waits for their acknowledgement by JetStream. Returns their sequences. */
export async function publish(
  connection: NatsConnection,
  messages: readonly (readonly AdEvent[] | string)[],
): Promise<number[]> {
  const acks = messages.map((message) =>
    connection
      .jetstream()
      .publish(EVENT_SUBJECT, typeof message === 'string' ? Buffer.from(message) : encodeEvents(message)),
  );
  return (await Promise.all(acks)).map(({ seq }) => seq);
}

export async function queueExists(connection: NatsConnection): Promise<void> {
  await waitFor(async () => (await connection.jetstreamManager()).consumers.info(EVENT_STREAM, LEDGER_CONSUMER), {
    timeoutMs: 20_000,
    what: 'the consumer to create its stream',
  });
}

/** Waits until every message is acknowledged, which removes it from a work queue. */
export async function queueEmpty(connection: NatsConnection, timeoutMs = 25_000): Promise<void> {
  const manager = await connection.jetstreamManager();
  await waitFor(async () => (await manager.streams.info(EVENT_STREAM)).state.messages === 0, {
    timeoutMs,
    what: 'the queue to be empty',
  });
}

export interface Letter {
  readonly reason: string;
  readonly source: string;
  readonly text: string;
  readonly events: number;
  readonly seq: number;
}

/** All dead letters, oldest first. */
export async function deadLetters(connection: NatsConnection): Promise<Letter[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(DEAD_LETTER_STREAM);
  const letters: Letter[] = [];
  for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(DEAD_LETTER_STREAM, { seq });
    letters.push({
      reason: message.header.get(DEAD_LETTER_REASON),
      source: message.header.get(DEAD_LETTER_SOURCE),
      text: Buffer.from(message.data).toString(),
      events: Number(message.header.get(DEAD_LETTER_EVENTS)),
      seq,
    });
  }
  return letters;
}

/** Queries a database that may be unavailable. */
export function openRows(testServers: TestServers, env: Variables) {
  const pool = openPool(env, { max: 2 });
  testServers.onRelease(() => pool.end());
  return async (text: string): Promise<Record<string, unknown>[]> => (await pool.query(text)).rows;
}

/** A connection to the Redis of the consumer. */
export function openCounters(testServers: TestServers, server: Pick<LocalProcess, 'host' | 'port'>): Redis {
  const redis = new Redis(server.port, server.host);
  redis.on('error', () => undefined);
  testServers.onRelease(() => redis.disconnect());
  return redis;
}
