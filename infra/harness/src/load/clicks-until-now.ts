import { type AdEvent, uuidv7 } from '@ads/models';

/**
 * Clicks of random ads as ingest makes them, evenly over a time that ends now.
 *
 * @param milliseconds the length of that time
 */
export function* clicksUntilNow(adIds: readonly string[], count: number, milliseconds: number): Generator<AdEvent> {
  const began = Date.now() - milliseconds;
  for (let done = 0; done < count; done += 1) {
    const at = Math.floor(began + (done * milliseconds) / count);
    const adId = adIds[Math.floor(Math.random() * adIds.length)] ?? '';
    yield { kind: 'click', id: uuidv7(at), adId, ip: '203.0.113.9', occurredAt: at, receivedAt: at };
  }
}
