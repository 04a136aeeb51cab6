import { type AdEvent, EVENT_SUBJECT, encodeEvents } from '@ads/models';
import type { NatsConnection } from 'nats';

const IN_FLIGHT = 500;
const TIMEOUT_MS = 30_000;

/**
 * Publishes events as ingest does, `perMessage` in each message. The stream must exist.
 *
 * @throws Error where a publish is not acknowledged
 */
export async function fillQueue(nats: NatsConnection, events: Iterable<AdEvent>, perMessage: number): Promise<void> {
  const stream = nats.jetstream();
  const rest = events[Symbol.iterator]();
  const take = (): AdEvent[] => {
    const taken: AdEvent[] = [];
    while (taken.length < perMessage) {
      const next = rest.next();
      if (next.done === true) break;
      taken.push(next.value);
    }
    return taken;
  };

  async function publish(): Promise<void> {
    for (let message = take(); message.length > 0; message = take()) {
      await stream.publish(EVENT_SUBJECT, encodeEvents(message), { timeout: TIMEOUT_MS });
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, publish));
}
