import {
  type AdEvent,
  derivedId,
  EVENT_KINDS,
  EVENT_LABELS,
  type EventKind,
  type EventLabels,
  type EventValues,
  isFarAhead,
  type Receipt,
  readEventRequest,
  readEventValues,
  readPlainTime,
  timeOfUuidv7,
  uuidv7,
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
  const { now } = receipt;
  const { ts } = query;
  // Most players write the form that is read without a conversion.
  const time = ts === undefined ? undefined : (readPlainTime(ts) ?? readTimestamp(ts));
  const { fields } = EVENT_KINDS[kind];
  const started = query.sid === undefined ? undefined : timeOfUuidv7(query.sid);
  const values = {
    kind,
    id: idOf(kind, adId, query, started, time, viewer, now) ?? uuidv7(now),
    adId: adId ?? '',
    ip: viewer.ip,
    claimed: time ?? now,
    playTime: query.ph !== undefined && fields.includes('video_play_time') ? (readPlayhead(query.ph) ?? null) : null,
    errorCode: fields.includes('error_code') ? readErrorCode(query.code) : null,
    labels: labelsOf(query, started !== undefined),
  };
  return readEventValues(values, receipt) ?? refused(adId, values, receipt);
}

/** @throws ApiError 400 */
function refused(
  adId: string | undefined,
  { kind, id, ip, claimed, playTime }: EventValues,
  receipt: Parameters<typeof readTagEvent>[4],
): AdEvent {
  const { idField } = EVENT_KINDS[kind];
  const body = { ad_id: adId, [idField]: id, timestamp: new Date(claimed).toISOString(), video_play_time: playTime };
  return eventOf(readEventRequest(body, { ...receipt, kind, idempotencyKey: undefined, callerIp: () => ip }), body);
}

/** The valid labels; undefined if there are none. */
function labelsOf({ sid, placement, source }: TagQuery, isSession: boolean): EventLabels | undefined {
  const labels: { -readonly [Name in keyof EventLabels]: EventLabels[Name] } = {};
  // A UUID is a label.
  if (sid !== undefined && (isSession || isLabel(sid))) labels.session_id = sid;
  if (isLabel(placement)) labels.placement = placement;
  if (isLabel(source)) labels.source = source;
  return labels.session_id === undefined && labels.placement === undefined && labels.source === undefined
    ? undefined
    : labels;
}

/** All three labels accept the same texts. */
const isLabel = EVENT_LABELS.session_id.isValid;

/**
 * The id of the event, which is the same for each repetition of a URL. Undefined if a repetition of the URL cannot be recognised:
 * then each fetch is an event. The cache buster is not stored, so the address of a viewer cannot be found from the id.
 */
function idOf(
  kind: EventKind,
  adId = '',
  query: TagQuery,
  started: number | undefined,
  time: number | undefined,
  viewer: Viewer,
  now: number,
): string | undefined {
  const { sid, cb, ts } = query;
  const qualifier = qualifierOf(kind, query, now);
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
