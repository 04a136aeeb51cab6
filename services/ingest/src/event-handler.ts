import { type ApiError, eventTooOld, invalidFields, unavailable } from '@ads/contract';
import type { Answer, FastPathHandler, RequestContext } from '@ads/http';
import {
  type AdEvent,
  type EndpointKind,
  EVENT_KINDS,
  type EventReading,
  KIND_ENDPOINTS,
  NO_ADDRESS,
  type Receipt,
  readAddress,
  readEventRequest,
} from '@ads/models';
import { type AcceptDependencies, acceptEvent } from './accept-event.js';
import { ofBody } from './invalid-traffic/circumstances.js';
import type { Judge } from './invalid-traffic/judge.js';

export interface ReceiptDependencies {
  /** Milliseconds. */
  readonly maxClockSkew: number;
  /** Milliseconds; Infinity for any age. */
  readonly maxAge: number;
  /** Milliseconds; Infinity for any age. */
  readonly maxIdAge: number;
  /** Milliseconds since the epoch; undefined until NATS or Postgres has reported its time. */
  readonly now: () => number | undefined;
}

export interface JudgeDependencies {
  /** Undefined with `IVT=off`. */
  readonly judge: Judge | undefined;
}

export interface EventDependencies extends AcceptDependencies, ReceiptDependencies, JudgeDependencies {}

/** `POST /api/v1/ads/<kind>`: answers 202 after the event is durable. */
export function eventHandler(kind: EndpointKind, dependencies: EventDependencies): FastPathHandler {
  const { label } = KIND_ENDPOINTS[kind];
  const answer = (event: AdEvent): Answer => ({ status: 202, body: acceptedBody(event, label) });
  // Not async, because an async function keeps the body in memory while it waits. That may take seconds, and the body may be
  // forty times as large as the event.
  return (context, body) => {
    const idempotencyKey = context.request.headers['idempotency-key'];
    const { callerIp, now, maxClockSkew, maxAge, maxIdAge } = receiptOf(context, dependencies);
    const receipt: Receipt = {
      kind,
      idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
      // Not a spread, which takes 2 µs.
      callerIp,
      now,
      maxClockSkew,
      maxAge,
      maxIdAge,
    };
    const event = judgedByBody(eventOf(readEventRequest(body, receipt), body), body, dependencies);
    return acceptEvent(event, () => context.clientKey(), answer, dependencies);
  };
}

/**
 * The receipt of a request, without what belongs to a single event.
 *
 * @throws ApiError 503 until the time is known: the clock of this host may be wrong by years, and the time of an event is never
 *   corrected. Without NATS and Postgres the event could not be stored anyway
 */
export function receiptOf(
  context: RequestContext,
  { maxClockSkew, maxAge, maxIdAge, now }: ReceiptDependencies,
): Omit<Receipt, 'kind' | 'idempotencyKey'> {
  const time = now();
  if (time === undefined) {
    throw unavailable('The service is starting and has not reached NATS or Postgres yet; send the event again.');
  }
  const { request } = context;
  // Proxies may report any text, which is ignored unless it is an address. A connection that was closed before its address
  // was read has none.
  const callerIp = () =>
    readAddress(context.clientAddress()) ?? readAddress(request.socket.remoteAddress) ?? NO_ADDRESS;
  return { callerIp, now: time, maxClockSkew, maxAge, maxIdAge };
}

/** The event of a JSON endpoint with its verdict. @param fields the event in the body */
export function judgedByBody(event: AdEvent, fields: unknown, { judge }: JudgeDependencies): AdEvent {
  return judge === undefined ? event : judge(event, ofBody(event, fields));
}

/** @param fields the event in the request, whose ad id the error names for the log. @throws ApiError 400 for an invalid event */
export function eventOf(reading: EventReading, fields: unknown): AdEvent {
  if (reading.state === 'invalid') throw invalidFields(reading.details, factsOf(fields));
  if (reading.state === 'too old') throw eventTooOld(reading.details, factsOf(fields));
  return reading.event;
}

function factsOf(fields: unknown): ApiError['facts'] {
  const adId = (fields as { readonly ad_id?: unknown } | null | undefined)?.ad_id;
  return typeof adId === 'string' ? { ad_id: adId } : {};
}

/** Only the ad id can contain characters that JSON escapes. */
function acceptedBody({ kind, id, adId, occurredAt }: AdEvent, label: string): string {
  const { idField } = EVENT_KINDS[kind];
  return `{"message":"${label} recorded","${idField}":"${id}","ad_id":${JSON.stringify(adId)},"timestamp":"${isoTime(occurredAt)}","processing":"asynchronous"}`;
}

let latest = { time: 0, text: new Date(0).toISOString() };

/** Formats a time. Caches the latest text: under load many events have the same millisecond. */
export function isoTime(time: number): string {
  if (time !== latest.time) latest = { time, text: new Date(time).toISOString() };
  return latest.text;
}
