import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_STREAM } from '@ads/models';
import type { NatsConnection } from 'nats';
import { readBacklog } from './ledger-consumer.js';

const POLL_MS = 100;

/**
 * Waits until the messages that are in the queue now are recorded.
 *
 * @returns the number of messages that still wait after the timeout
 * @throws NatsError when JetStream is unavailable
 */
export async function untilDrained(connection: NatsConnection, timeoutMs: number): Promise<number> {
  const manager = await connection.jetstreamManager();
  const { last_seq: last } = (await manager.streams.info(EVENT_STREAM)).state;
  const until = performance.now() + timeoutMs;
  for (;;) {
    const { stored, ackFloor } = await readBacklog(connection);
    if (stored === 0 || ackFloor >= last) return 0;
    if (performance.now() >= until) return stored;
    await delay(POLL_MS);
  }
}
