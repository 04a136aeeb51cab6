import { isPlainAddress } from './address.js';
import { AD_ID, type AdEvent, isErrorCode, isPlayTime, isUserAgent, playTimeMs, type WritableEvent } from './event.js';
import { EVENT_KINDS, type EventKind, KINDS } from './kinds.js';
import { type EventLabels, readLabels } from './labels.js';
import type { Receipt } from './receipt.js';
import { isFarAhead, isTooOld, isUuid, uuidv7 } from './uuid.js';

interface FieldsOfKind {
  readonly idField: string;
  readonly hasPlayTime: boolean;
  readonly hasErrorCode: boolean;
}

/** Computed once, because a look-up in the table takes 20 ns per request. */
const FIELDS_OF_KIND: ReadonlyMap<EventKind, FieldsOfKind> = new Map(
  KINDS.map((kind) => {
    const { idField, fields } = EVENT_KINDS[kind];
    const [hasPlayTime, hasErrorCode] = [fields.includes('video_play_time'), fields.includes('error_code')];
    return [kind, { idField, hasPlayTime, hasErrorCode }];
  }),
);

/**
 * Reads, without joi, the form that nearly all players send. joi takes twenty times as long. Returns undefined for all other
 * bodies, valid or not; joi then decides. For the bodies that it reads, joi would return the same event.
 */
export function readCommonEvent(body: unknown, receipt: Receipt) {
  const { kind, idempotencyKey, callerIp, now, maxAge } = receipt;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = body as Readonly<Record<string, unknown>>;
  const { ad_id: adId, ip = null, user_agent: userAgent = null, timestamp = null } = fields;
  if (typeof adId !== 'string' || !AD_ID.test(adId)) return undefined;
  const { idField, hasPlayTime, hasErrorCode } = FIELDS_OF_KIND.get(kind) as FieldsOfKind;
  const givenId = fields[idField] ?? null;
  const id = givenId === null && idempotencyKey === undefined ? uuidv7(now) : readUuid(givenId, receipt);
  if (id === undefined) return undefined;
  if (ip !== null && (typeof ip !== 'string' || !isPlainAddress(ip))) return undefined;
  if (userAgent !== null && !isUserAgent(userAgent)) return undefined;
  const claimed = timestamp === null ? now : readPlainTime(timestamp);
  if (claimed === undefined || claimed < now - maxAge) return undefined;
  const playTime = hasPlayTime ? (fields.video_play_time ?? null) : null;
  if (playTime !== null && !isPlayTime(playTime)) return undefined;
  const errorCode = hasErrorCode ? (fields.error_code ?? null) : null;
  if (errorCode !== null && !isErrorCode(errorCode)) return undefined;
  const labels = readLabels(fields);
  if (labels === 'invalid') return undefined;
  return completeEvent({ kind, id, adId, ip: ip ?? callerIp(), claimed, playTime, errorCode, labels }, receipt);
}

/** The values of an event: a UUID in lower case, a normalised address, valid labels. */
export interface EventValues extends Pick<AdEvent, 'kind' | 'id' | 'adId' | 'ip'> {
  /** The time by the player's clock, or that of the receipt. */
  readonly claimed: number;
  /** Seconds; null if unknown, and for kinds without this field. */
  readonly playTime: number | null;
  /** Null if unknown, and for kinds without this field. */
  readonly errorCode: number | null;
  readonly labels: EventLabels | undefined;
}

/**
 * Checks the values that {@link EventValues} does not promise to be valid, and completes them to an event. Returns undefined if
 * one is not valid; `readEventRequest` names the reason.
 */
export function readEventValues(
  values: EventValues,
  receipt: Pick<Receipt, 'now' | 'maxClockSkew' | 'maxAge' | 'maxIdAge'>,
): AdEvent | undefined {
  const { id, adId, claimed, playTime } = values;
  const { now, maxAge, maxIdAge } = receipt;
  if (!AD_ID.test(adId) || claimed < now - maxAge || isFarAhead(id, now) || isTooOld(id, now, maxIdAge))
    return undefined;
  return playTime !== null && !isPlayTime(playTime) ? undefined : completeEvent(values, receipt);
}

/** A time too far ahead is replaced by the time of receipt. */
function completeEvent(
  { kind, id, adId, ip, claimed, playTime, errorCode, labels }: EventValues,
  { now, maxClockSkew }: Pick<Receipt, 'now' | 'maxClockSkew'>,
): AdEvent {
  const event: WritableEvent = {
    kind,
    id,
    adId,
    ip,
    occurredAt: claimed,
    receivedAt: now,
  };
  if (claimed > now + maxClockSkew) {
    event.occurredAt = now;
    event.claimedAt = claimed;
  }
  if (playTime !== null) event.playTimeMs = playTimeMs(playTime);
  if (errorCode !== null) event.labels = { ...labels, error_code: errorCode.toFixed() };
  else if (labels !== undefined) event.labels = labels;
  return event;
}

function readUuid(value: unknown, { now, maxIdAge }: Receipt): string | undefined {
  if (typeof value !== 'string' || !isUuid(value)) return undefined;
  const id = value.toLowerCase();
  return isFarAhead(id, now) || isTooOld(id, now, maxIdAge) ? undefined : id;
}

/** The form of `toISOString`, with or without milliseconds. */
const PLAIN_TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;
const [DAY_AT, HOUR_AT, MINUTE_AT, SECOND_AT, MILLISECOND_AT] = [8, 11, 14, 17, 20] as const;
const [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS] = [86_400_000, 3_600_000, 60_000, 1_000] as const;
const WITH_MILLISECONDS = '2026-01-01T00:00:00.000Z'.length;

/** The date of the latest time, because nearly all events are of one day. `Date.parse` takes longer than all other steps. */
let latest = { date: ' ', startsAt: 0 };

/**
 * Reads a time in the form of `toISOString`, with or without milliseconds.
 *
 * @returns milliseconds since the epoch; undefined for any other value
 */
export function readPlainTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || !PLAIN_TIME.test(value)) return undefined;
  if (!value.startsWith(latest.date)) {
    const date = value.slice(0, HOUR_AT);
    const startsAt = Date.parse(`${date}00:00:00Z`);
    // Date.parse reads 30 February as 2 March.
    if (!(startsAt >= 0) || new Date(startsAt).getUTCDate() !== digits(value, DAY_AT, 2)) return undefined;
    latest = { date, startsAt };
  }
  const [hour, minute, second] = [digits(value, HOUR_AT, 2), digits(value, MINUTE_AT, 2), digits(value, SECOND_AT, 2)];
  if (hour >= DAY_MS / HOUR_MS || minute >= HOUR_MS / MINUTE_MS || second >= MINUTE_MS / SECOND_MS) return undefined;
  const milliseconds = value.length === WITH_MILLISECONDS ? digits(value, MILLISECOND_AT, 3) : 0;
  return latest.startsAt + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + milliseconds;
}

const ZERO = '0'.charCodeAt(0);

/** Reads decimal digits, without a copy of the text. */
function digits(text: string, from: number, count: number): number {
  let number = 0;
  for (let at = from; at < from + count; at += 1) number = 10 * number + text.charCodeAt(at) - ZERO;
  return number;
}
