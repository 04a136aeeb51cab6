import {
  type AdEvent,
  derivedId,
  EVENT_KINDS,
  EVENT_LABELS,
  type EventKind,
  isFarAhead,
  type Receipt,
  readEventRequest,
  readPlainTime,
  timeOfUuidv7,
} from '@ads/models';
import { eventOf } from '../event-handler.js';
import { readErrorCode, readPlayhead, readTimestamp } from './macro-values.js';
import type { TagQuery } from './tag-query.js';

/** The client that fetched a tag. */
export interface Viewer {
  /** IPv4 or IPv6 address. */
  readonly ip: string;
  /** Empty if unknown. */
  readonly userAgent: string;
}

/**
 * Returns the event that a tag reports, validated like that of a request in JSON. Labels and times that are not valid are left
 * out.
 *
 * @throws ApiError 400 if the ad id is missing or invalid, or if the session or the time is too old or too far ahead
 */
export function readTagEvent(
  kind: EventKind,
  adId: string | undefined,
  query: TagQuery,
  viewer: Viewer,
  receipt: Omit<Receipt, 'kind' | 'idempotencyKey' | 'callerIp'>,
): AdEvent {
  const { ts } = query;
  // Most players write the form that is read without a conversion.
  const plain = readPlainTime(ts);
  const other = plain !== undefined || ts === undefined ? undefined : readTimestamp(ts);
  const id = idOf(kind, adId, query, plain ?? other, viewer, receipt.now);
  const fields = {
    ad_id: adId,
    // A kind has one of these fields, and ignores the others.
    click_id: id,
    impression_id: id,
    event_id: id,
    timestamp: other !== undefined ? new Date(other).toISOString() : plain !== undefined ? ts : undefined,
    session_id: labelOf('session_id', query.sid),
    placement: labelOf('placement', query.placement),
    source: labelOf('source', query.source),
    // Kinds without these fields ignore them.
    video_play_time: query.ph === undefined ? undefined : readPlayhead(query.ph),
    error_code: readErrorCode(query.code),
  };
  const { now, maxClockSkew, maxAge, maxIdAge } = receipt;
  // Written out, because adding fields to a spread object takes 3 µs.
  const whole = { kind, idempotencyKey: undefined, callerIp: () => viewer.ip, now, maxClockSkew, maxAge, maxIdAge };
  return eventOf(readEventRequest(fields, whole));
}

function labelOf(name: 'session_id' | 'placement' | 'source', value: string | undefined): string | undefined {
  return EVENT_LABELS[name].isValid(value) ? value : undefined;
}

/**
 * The id of the event, which is the same for each repetition of a URL. Undefined if it cannot be told whether a URL is repeated:
 * then each fetch is an event. The cache buster is not stored, so nobody finds the address of a viewer from the id.
 */
function idOf(
  kind: EventKind,
  adId = '',
  query: TagQuery,
  time: number | undefined,
  viewer: Viewer,
  now: number,
): string | undefined {
  const { sid, cb, ts } = query;
  const qualifier = qualifierOf(kind, query, now);
  const started = sid === undefined ? undefined : timeOfUuidv7(sid);
  if (sid !== undefined && started !== undefined) {
    return derivedId(started, [sid.toLowerCase(), adId, kind, qualifier]);
  }
  if (cb === undefined || ts === undefined || time === undefined) return undefined;
  const id = derivedId(time, [viewer.ip, viewer.userAgent, adId, kind, qualifier, cb, ts]);
  // The clock of the player is wrong. Its event counts, as one with a wrong timestamp does.
  return isFarAhead(id, now) ? undefined : id;
}

/** Tells the events of a kind in one session apart. */
function qualifierOf(kind: EventKind, { offset, code, vendor, cb, ts }: TagQuery, now: number): string {
  const { distinctBy } = EVENT_KINDS[kind];
  if (distinctBy === undefined) return '';
  switch (distinctBy) {
    case 'offset':
      return offset ?? '';
    case 'code':
      return String(readErrorCode(code));
    case 'vendor':
      return vendor ?? '';
    case 'fetch':
      // Without either value, two fetches in one second are one event.
      return cb === undefined && ts === undefined ? Math.floor(now / 1_000).toFixed() : `${cb ?? ''} ${ts ?? ''}`;
  }
}
