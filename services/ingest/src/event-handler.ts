import { invalidFields, unavailable, unknownAd } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import { type AdEvent, type EventKind, readAddress, readEventRequest } from '@ads/models';
import type { Request, RequestHandler } from 'express';
import type { Acceptance } from './accept-events.js';

export interface EventDependencies {
  readonly catalogue: Pick<AdCatalogue, 'has' | 'find'>;
  /** Resolves when the fate of the event is known. */
  readonly accept: (event: AdEvent) => Promise<Acceptance>;
  /** Told of each event that is durable. */
  readonly onAccepted: (event: AdEvent) => void;
  /** Milliseconds. */
  readonly maxClockSkew: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** As the trusted proxies say; what they say may be anything, so it counts only where it is an address. */
function callerAddress({ ip, socket }: Request): string {
  return readAddress(ip) ?? readAddress(socket.remoteAddress) ?? '0.0.0.0';
}

/** `POST /api/v1/ads/click` and `POST /api/v1/ads/impression`: 202 when the event is durable, and not before. */
export function eventHandler(kind: EventKind, dependencies: EventDependencies): RequestHandler {
  const { catalogue, accept, onAccepted, maxClockSkew, now } = dependencies;
  const message = kind === 'click' ? 'Click recorded' : 'Impression recorded';
  return async (request, response) => {
    const reading = readEventRequest(request.body, {
      kind,
      idempotencyKey: request.get('idempotency-key'),
      callerIp: callerAddress(request),
      now: now(),
      maxClockSkew,
    });
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { event } = reading;
    // What is waited for may take seconds: the event is kept meanwhile, and not a body that is forty times as large.
    request.body = undefined;
    // An ad that nobody could look up yet is taken: the consumer checks it, and keeps what it refuses.
    if (!catalogue.has(event.adId) && (await catalogue.find(event.adId)) === 'unknown') {
      throw unknownAd(event.adId, 400);
    }
    const acceptance = await accept(event);
    if (acceptance.state === 'unknown ad') throw unknownAd(event.adId, 400);
    if (acceptance.state === 'unavailable') {
      throw unavailable('Neither NATS nor Postgres can take events now; send this one again.', acceptance.cause);
    }
    onAccepted(event);
    response.status(202).json({
      message,
      [kind === 'click' ? 'click_id' : 'impression_id']: event.id,
      ad_id: event.adId,
      timestamp: new Date(event.occurredAt).toISOString(),
      processing: 'asynchronous',
    });
  };
}
