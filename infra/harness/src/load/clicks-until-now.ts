import { type AdEvent, uuidv7 } from '@ads/models';

/**
 * Clicks as ingest makes them of requests, evenly over a time that ends now, over all ads by chance.
 *
 * @param milliseconds how long that time is
 */
export function* clicksUntilNow(adIds: readonly string[], count: number, milliseconds: number): Generator<AdEvent> {
  const began = Date.now() - milliseconds;
  for (let done = 0; done < count; done += 1) {
    const at = Math.floor(began + (done * milliseconds) / count);
    const adId = adIds[Math.floor(Math.random() * adIds.length)] ?? '';
    yield { kind: 'click', id: uuidv7(at), adId, ip: '203.0.113.9', occurredAt: at, receivedAt: at };
  }
}
