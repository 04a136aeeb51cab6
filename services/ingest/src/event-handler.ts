import { eventTooOld, invalidFields, unavailable, unknownAd } from '@ads/contract';
import type { Answer, FastPathHandler, RequestContext } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import {
  type AdEvent,
  type EndpointKind,
  EVENT_KINDS,
  KIND_ENDPOINTS,
  NO_ADDRESS,
  readAddress,
  readEventRequest,
} from '@ads/models';
import { Refused } from './group-commit.js';
import type { StoreResult } from './store-batch.js';
import type { UnverifiedEvents } from './unverified-events.js';

export interface EventDependencies {
  readonly catalogue: Pick<AdCatalogue, 'has' | 'find'>;
  readonly unverified: UnverifiedEvents;
  /** Resolves with the result of the event. Rejects if the event was not processed. */
  readonly store: (event: AdEvent) => Promise<StoreResult>;
  /** Called for each durable event. */
  readonly onAccepted: (event: AdEvent) => void;
  /** Milliseconds. */
  readonly maxClockSkew: number;
  /** Milliseconds; Infinity for any age. */
  readonly maxAge: number;
  /** Milliseconds since the epoch; undefined until NATS or Postgres has reported its time. */
  readonly now: () => number | undefined;
}

/** `POST /api/v1/ads/<kind>`: answers 202 after the event is durable. */
export function eventHandler(kind: EndpointKind, dependencies: EventDependencies): FastPathHandler {
  const { maxClockSkew, maxAge, now } = dependencies;
  const { label } = KIND_ENDPOINTS[kind];
  // Not async, because an async function keeps the body in memory while it waits. That may take seconds, and the body may be
  // forty times as large as the event.
  return (context, body) => {
    const { request } = context;
    const time = now();
    // The clock of this host may be wrong by years, and the time of an event is never corrected. Without NATS and
    // Postgres the event could not be stored anyway.
    if (time === undefined)
      throw unavailable('The service is starting and has not reached NATS or Postgres yet; send the event again.');
    const idempotencyKey = request.headers['idempotency-key'];
    const reading = readEventRequest(body, {
      kind,
      idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
      // Proxies may report any text, which is ignored unless it is an address. A connection that was closed before its address
      // was read has none.
      callerIp: () => readAddress(context.clientAddress()) ?? readAddress(request.socket.remoteAddress) ?? NO_ADDRESS,
      now: time,
      maxClockSkew,
      maxAge,
    });
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    if (reading.state === 'too old') throw eventTooOld(reading.details);
    return acceptEvent(reading.event, label, context, dependencies);
  };
}

/** @param label the kind of the event at the beginning of a sentence */
function acceptEvent(
  event: AdEvent,
  label: string,
  context: RequestContext,
  dependencies: EventDependencies,
): Promise<Answer> {
  return dependencies.catalogue.has(event.adId)
    ? storeEvent(event, label, dependencies)
    : acceptUnlisted(event, label, context.clientKey(), dependencies);
}

function storeEvent(event: AdEvent, label: string, dependencies: EventDependencies): Promise<Answer> {
  return dependencies.store(event).then(
    (result) => answerTo(event, label, result, dependencies),
    (cause: unknown) => answerTo(event, label, { state: 'unavailable', cause }, dependencies),
  );
}

/**
 * Looks up an ad that is not in memory. If the catalogue is unavailable, a limited number of events is accepted unverified;
 * the consumer dead-letters those whose ad does not exist.
 */
async function acceptUnlisted(
  event: AdEvent,
  label: string,
  client: string,
  dependencies: EventDependencies,
): Promise<Answer> {
  const { catalogue, unverified } = dependencies;
  const listing = await catalogue.find(event.adId, client);
  if (listing === 'unknown') throw unknownAd(event.adId, 400);
  if (listing === 'busy') throw unavailable('Too many unknown ads are being looked up; send the event again.');
  if (listing === 'unverified' && !unverified.allow()) {
    throw unavailable(
      'The ad cannot be looked up because the catalogue is unavailable; send the event again.',
      undefined,
      unverified.retryAfter(),
    );
  }
  return await storeEvent(event, label, dependencies);
}

function answerTo(event: AdEvent, label: string, result: StoreResult, { onAccepted }: EventDependencies): Answer {
  if (result.state === 'unknown ad') throw unknownAd(event.adId, 400);
  if (result.state === 'unavailable') {
    if (result.cause instanceof Refused) throw unavailable('Too many events wait to be stored; send the event again.');
    throw unavailable('Neither NATS nor Postgres could store the event; send it again.', result.cause);
  }
  onAccepted(event);
  return { status: 202, body: acceptedBody(event, label) };
}

/** Only the ad id can contain characters that JSON escapes. */
function acceptedBody({ kind, id, adId, occurredAt }: AdEvent, label: string): string {
  const { idField } = EVENT_KINDS[kind];
  return `{"message":"${label} recorded","${idField}":"${id}","ad_id":${JSON.stringify(adId)},"timestamp":"${isoTime(occurredAt)}","processing":"asynchronous"}`;
}

let latest = { time: 0, text: new Date(0).toISOString() };

/** Caches the latest text: under load many clicks have the same millisecond. */
function isoTime(time: number): string {
  if (time !== latest.time) latest = { time, text: new Date(time).toISOString() };
  return latest.text;
}
