import { type AdEvent, EVENT_SUBJECT, type EventKind, encodeEvents, uuidv7 } from '@ads/models';
import type { NatsConnection } from 'nats';

/** Returns `count` ids of ads, in order. */
export function adIdsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `ad-${String(index + 1).padStart(5, '0')}`);
}

/**
 * Generates clicks of random ads, as ingest publishes them. Their times are spread evenly over a period that ends now.
 *
 * @param milliseconds the length of the period
 */
export function* clicksUntilNow(adIds: readonly string[], count: number, milliseconds: number): Generator<AdEvent> {
  const began = Date.now() - milliseconds;
  for (let done = 0; done < count; done += 1) {
    const at = Math.floor(began + (done * milliseconds) / count);
    const adId = adIds[Math.floor(Math.random() * adIds.length)] ?? '';
    yield { kind: 'click', id: uuidv7(at), adId, ip: '203.0.113.9', occurredAt: at, receivedAt: at };
  }
}

/** The events of 100 views of a video ad: some viewers leave, and one clicks. */
const VIEWS: readonly (readonly [EventKind, number])[] = [
  ['impression', 100],
  ['start', 90],
  ['firstQuartile', 70],
  ['midpoint', 60],
  ['thirdQuartile', 50],
  ['complete', 40],
  ['click', 1],
];
const MIX = VIEWS.flatMap(([kind, events]) => Array.from({ length: events }, () => kind));

/** Like {@link clicksUntilNow}, but with all events of views of a video, and three labels on each of them. */
export function* viewsUntilNow(adIds: readonly string[], count: number, milliseconds: number): Generator<AdEvent> {
  for (const click of clicksUntilNow(adIds, count, milliseconds)) {
    const pick = (values: number) => Math.floor(Math.random() * values);
    const kind = MIX[pick(MIX.length)] ?? 'impression';
    const device = pick(2) === 0 ? 'mobile' : 'tv';
    yield { ...click, kind, labels: { placement: `page-${pick(20)}`, source: `campaign-${pick(5)}`, device } };
  }
}

/** Every fourth event is a click. */
const CLICK_EVERY = 4;
const BESIDE_CLICKS = ['impression', 'start', 'complete'] as const;
/** Every so many clicks, the viewer clicks again at once. */
const DOUBLE_CLICK_EVERY = 20;

/** Like {@link clicksUntilNow}, but one event in four is a click. Each click has a viewer of its own, except for double clicks. */
export function* viewersUntilNow(adIds: readonly string[], count: number, milliseconds: number): Generator<AdEvent> {
  let place = 0;
  let viewer = { adId: '', viewer: '' };
  for (const click of clicksUntilNow(adIds, count, milliseconds)) {
    const clicks = Math.floor(place / CLICK_EVERY);
    const beside = BESIDE_CLICKS[place % CLICK_EVERY];
    place += 1;
    if (beside !== undefined) {
      yield { ...click, kind: beside };
      continue;
    }
    if (clicks % DOUBLE_CLICK_EVERY > 0 || clicks === 0) viewer = { adId: click.adId, viewer: String(clicks) };
    yield { ...click, ...viewer };
  }
}

const IN_FLIGHT = 500;
const TIMEOUT_MS = 30_000;

/**
 * Publishes events as ingest does, `perMessage` in each message. The stream must exist.
 *
 * @throws Error if a publish is not acknowledged
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
