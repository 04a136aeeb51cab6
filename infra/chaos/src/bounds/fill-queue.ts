import { type AdEvent, EVENT_SUBJECT, encodeEvents, uuidv7 } from '@ads/models';
import type { BoundsStack } from './stack.js';

const HOUR_MS = 3_600_000;
/** At a few hundred clicks a second few arrive together: the worst for who has to take them out again. */
const EVENTS_PER_MESSAGE = 2;
const IN_FLIGHT = 500;

/**
 * Puts clicks into the queue as ingest would have, had nobody taken any out for an hour.
 *
 * @param count how many, spread evenly over the past hour, over all ads by chance
 * @returns clicks by ad
 */
export async function fillQueue(stack: BoundsStack, count: number): Promise<Map<string, number>> {
  const stream = stack.eyes.nats.jetstream();
  const byAd = new Map<string, number>();
  const began = Date.now() - HOUR_MS;
  let done = 0;

  const next = (): AdEvent => {
    const at = Math.floor(began + (done * HOUR_MS) / count);
    const adId = stack.adIds[Math.floor(Math.random() * stack.adIds.length)] ?? '';
    byAd.set(adId, (byAd.get(adId) ?? 0) + 1);
    done += 1;
    return { kind: 'click', id: uuidv7(at), adId, ip: '203.0.113.9', occurredAt: at, receivedAt: at };
  };

  async function publish(): Promise<void> {
    while (done < count) {
      const events = Array.from({ length: Math.min(EVENTS_PER_MESSAGE, count - done) }, next);
      await stream.publish(EVENT_SUBJECT, encodeEvents(events), { timeout: 30_000 });
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, publish));
  return byAd;
}
