import { randomUUID } from 'node:crypto';
import { type AdEvent, EVENT_SUBJECT, encodeEvents } from '@ads/models';
import type { Nats } from '@ads/runtime';

/**
 * Publishes batches to JetStream, one message each, and waits for the acknowledgement. What is tried again bears the
 * same `Nats-Msg-Id`, so that JetStream keeps one of them.
 *
 * @param timeoutMs how long to wait for one acknowledgement
 * @param onPublish told of each batch
 */
export function createPublisher(run: Nats['run'], timeoutMs: number, onPublish: (status: 'ok' | 'error') => void) {
  return async (events: readonly AdEvent[]): Promise<void> => {
    const message = encodeEvents(events);
    const msgID = randomUUID();
    try {
      await run((connection) => connection.jetstream().publish(EVENT_SUBJECT, message, { msgID, timeout: timeoutMs }));
      onPublish('ok');
    } catch (error) {
      onPublish('error');
      throw error;
    }
  };
}
