import {
  type Answer,
  clientKey,
  type FastPathHandler,
  invalidFields,
  type RequestContext,
  unavailable,
  unknownAd,
} from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import { type AdEvent, EVENT_KINDS, type EventKind, readAddress, readEventRequest } from '@ads/models';
import type { Acceptance } from './accept-events.js';
import type { UnverifiedEvents } from './unverified-events.js';

export interface EventDependencies {
  readonly catalogue: Pick<AdCatalogue, 'has' | 'find'>;
  readonly unverified: UnverifiedEvents;
  /** Resolves when the fate of the event is known; rejects where nothing was done with it. */
  readonly accept: (event: AdEvent) => Promise<Acceptance>;
  /** Told of each event that is durable. */
  readonly onAccepted: (event: AdEvent) => void;
  /** Milliseconds. */
  readonly maxClockSkew: number;
  /** Milliseconds since the epoch; undefined until a server has told the time. */
  readonly now: () => number | undefined;
}

/** Of a connection that broke meanwhile. */
const UNKNOWN_ADDRESS = '0.0.0.0';

/** `POST /api/v1/ads/<kind>`: 202 when the event is durable, and not before. */
export function eventHandler(kind: EventKind, dependencies: EventDependencies): FastPathHandler {
  const { maxClockSkew, now } = dependencies;
  // Not async: what is waited for may take seconds, and an async function would hold the body, which may be forty times
  // as large as the event.
  return (context, body) => {
    const { request } = context;
    const time = now();
    // The clock of this host may be years away from the time, and what was stamped by it would stay wrong for ever.
    // Without NATS and Postgres nothing could take the event anyway.
    if (time === undefined)
      throw unavailable('The service is starting and has not reached NATS or Postgres yet; send the event again.');
    const idempotencyKey = request.headers['idempotency-key'];
    const reading = readEventRequest(body, {
      kind,
      idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
      // What trusted proxies say may be anything, so it counts only where it is an address.
      callerIp: () =>
        readAddress(context.clientAddress()) ?? readAddress(request.socket.remoteAddress) ?? UNKNOWN_ADDRESS,
      now: time,
      maxClockSkew,
    });
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    return keep(reading.event, context, dependencies);
  };
}

function keep(event: AdEvent, context: RequestContext, dependencies: EventDependencies): Promise<Answer> {
  return dependencies.catalogue.has(event.adId)
    ? accept(event, dependencies)
    : keepUnlisted(event, clientKey(context.clientAddress(), context.request.socket), dependencies);
}

function accept(event: AdEvent, dependencies: EventDependencies): Promise<Answer> {
  return dependencies.accept(event).then(
    (acceptance) => answerTo(event, acceptance, dependencies),
    (cause: unknown) => answerTo(event, { state: 'unavailable', cause }, dependencies),
  );
}

/**
 * While an ad can't be looked up, some events are accepted all the same: the consumer checks their ads, and dead-letters
 * those that don't exist.
 */
async function keepUnlisted(event: AdEvent, client: string, dependencies: EventDependencies): Promise<Answer> {
  const { catalogue, unverified } = dependencies;
  const listing = await catalogue.find(event.adId, client);
  if (listing === 'unknown') throw unknownAd(event.adId, 400);
  if (listing === 'busy') throw unavailable('Too many unknown ads are being looked up; send the event again.');
  if (listing === 'unverified' && !unverified.accept()) {
    throw unavailable(
      'The ad cannot be looked up because the catalogue is unavailable; send the event again.',
      undefined,
      unverified.retryAfter(),
    );
  }
  return await accept(event, dependencies);
}

function answerTo(event: AdEvent, acceptance: Acceptance, { onAccepted }: EventDependencies): Answer {
  if (acceptance.state === 'unknown ad') throw unknownAd(event.adId, 400);
  if (acceptance.state === 'unavailable') {
    throw unavailable('Neither NATS nor Postgres could store the event; send it again.', acceptance.cause);
  }
  onAccepted(event);
  return { status: 202, body: acceptedBody(event) };
}

/** Of the fields only the ad id may hold what JSON has to escape. */
function acceptedBody({ kind, id, adId, occurredAt }: AdEvent): string {
  const { label, idField } = EVENT_KINDS[kind];
  return `{"message":"${label} recorded","${idField}":"${id}","ad_id":${JSON.stringify(adId)},"timestamp":"${isoTime(occurredAt)}","processing":"asynchronous"}`;
}

let latest = { time: 0, text: new Date(0).toISOString() };

/** Under load there are many clicks of the same millisecond. */
function isoTime(time: number): string {
  if (time !== latest.time) latest = { time, text: new Date(time).toISOString() };
  return latest.text;
}
