import { isIP } from 'node:net';
import Joi from 'joi';
import { LONGEST_ADDRESS, readAddress } from './address.js';
import { readCommonEvent } from './common-event.js';
import { AD_ID, AD_ID_RULE, type AdEvent, type EventKind, LONGEST_AD_ID, MAX_PLAY_TIME, playTimeMs } from './event.js';
import { limitedText } from './limited.js';
import { isFarAhead, isUuid, UUID_LENGTH, uuidv7 } from './uuid.js';

/** The longest timestamp: a fraction of a second may have as many digits as fit. */
const LONGEST_TIMESTAMP = 64;

const adId = limitedText(LONGEST_AD_ID)
  .pattern(AD_ID)
  .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
  .required()
  .description('The ad that was clicked or shown.');
const NO_ADDRESS = '{#label} must be an IPv4 or IPv6 address';
const ip = limitedText(LONGEST_ADDRESS)
  .ip({ version: ['ipv4', 'ipv6'], cidr: 'forbidden' })
  .messages({ 'string.max': NO_ADDRESS, 'string.ipVersion': NO_ADDRESS })
  // joi takes leading zeros (10.01.2.3), which the ledger does not: it would refuse what was answered with 202.
  .custom((text: string, helpers) => (isIP(text) === 0 ? helpers.error('string.ipVersion') : text))
  .allow(null)
  .description("The viewer's address. Defaults to the caller's.");
const timestamp = limitedText(LONGEST_TIMESTAMP)
  .isoDate()
  .messages({ 'string.isoDate': '{#label} must be a time in ISO 8601, from 1970 on' })
  .custom((text: string, helpers) => (readTime(text) === undefined ? helpers.error('string.isoDate') : text))
  .allow(null)
  .description(
    'When it happened, ISO 8601, from 1970 on; UTC where it names no offset. Defaults to the time of receipt.',
  );
const NO_UUID = '{#label} must be a UUID';
const eventId = limitedText(UUID_LENGTH)
  // In its usual form alone: with braces or without hyphens the ledger would not take it.
  .guid({ separator: '-', wrapper: false })
  .messages({ 'string.max': NO_UUID, 'string.guid': NO_UUID })
  .allow(null);

/** The body of `POST /api/v1/ads/click`. Fields it doesn't know are ignored: a newer player must not lose clicks. */
export const clickRequest = Joi.object({
  ad_id: adId,
  ip,
  video_play_time: Joi.number()
    .min(0)
    .max(MAX_PLAY_TIME)
    .allow(null)
    .description('Seconds of video watched before the click, to the millisecond.'),
  timestamp,
  click_id: eventId.description(
    'UUID of this click: however often it is sent, it counts once. Defaults to a new one. The time of a UUIDv7 must not be more than a day ahead.',
  ),
})
  .unknown(true)
  .required()
  .label('body');

/** The body of `POST /api/v1/ads/impression`. */
export const impressionRequest = Joi.object({
  ad_id: adId,
  ip,
  timestamp,
  impression_id: eventId.description(
    'UUID of this impression: however often it is sent, it counts once. The time of a UUIDv7 must not be more than a day ahead.',
  ),
})
  .unknown(true)
  .required()
  .label('body');

/** Fields of events that are numbers: in a form, which knows texts only, they are read as such. */
export const NUMERIC_EVENT_FIELDS = ['video_play_time'] as const;

/** What ingest knows about a request beside its body. Times in milliseconds. */
export interface Receipt {
  readonly kind: EventKind;
  /** The `Idempotency-Key` header: an id for a body that has none. */
  readonly idempotencyKey: string | undefined;
  /** As {@link readAddress} gives it. Asked where the body has none. */
  readonly callerIp: () => string;
  readonly now: number;
  /** How far ahead of `now` a player's clock is still believed. */
  readonly maxClockSkew: number;
}

/** A request that became an event, or the reasons why it is none. */
export type EventReading =
  | { readonly state: 'event'; readonly event: AdEvent }
  | { readonly state: 'invalid'; readonly details: readonly Detail[] };

/** What is wrong with one field, in words. */
export interface Detail {
  readonly path: string;
  readonly message: string;
}

interface EventBody {
  ad_id: string;
  ip?: string | null;
  video_play_time?: number | null;
  timestamp?: string | null;
  click_id?: string | null;
  impression_id?: string | null;
}

/** Turns a parsed body into an event: checks it, and fills in what the player left out. */
export function readEventRequest(body: unknown, receipt: Receipt): EventReading {
  const event = readCommonEvent(body, receipt);
  return event === undefined ? readAnyEvent(body, receipt) : { state: 'event', event };
}

/** The same by the schemas, which know every form that is valid, and what is wrong with the others. */
export function readAnyEvent(body: unknown, receipt: Receipt): EventReading {
  const schema = receipt.kind === 'click' ? clickRequest : impressionRequest;
  const checked = schema.validate(body, { abortEarly: false, convert: false, errors: { wrap: { label: false } } });
  if (checked.error) return { state: 'invalid', details: detailsOf(checked.error) };
  const fields = checked.value as EventBody;
  const { now } = receipt;
  const id = readId(fields, receipt);
  if (typeof id !== 'string') return { state: 'invalid', details: [id] };
  const claimed = fields.timestamp == null ? now : (readTime(fields.timestamp) ?? now);
  const believable = claimed <= now + receipt.maxClockSkew;
  return {
    state: 'event',
    event: {
      kind: receipt.kind,
      id,
      adId: fields.ad_id,
      ip: readAddress(fields.ip ?? undefined) ?? receipt.callerIp(),
      occurredAt: believable ? claimed : now,
      receivedAt: now,
      ...(believable ? {} : { claimedAt: claimed }),
      // In an impression it is a field like any unknown one: nobody has checked it.
      ...(receipt.kind === 'impression' || fields.video_play_time == null
        ? {}
        : { playTimeMs: playTimeMs(fields.video_play_time) }),
    },
  };
}

/** The id that the body gives, else the header's, else a new one, in lower case; or what is wrong with it. */
function readId(fields: EventBody, { kind, idempotencyKey, now }: Receipt): string | Detail {
  const field = kind === 'click' ? 'click_id' : 'impression_id';
  const given = fields[field] ?? undefined;
  const key = unquoted(idempotencyKey);
  const path = given === undefined ? 'Idempotency-Key' : field;
  const id = given ?? key ?? uuidv7(now);
  if (!isUuid(id)) return { path, message: `${path} must be a UUID` };
  const lower = id.toLowerCase();
  return isFarAhead(lower, now)
    ? { path, message: `${path} is a UUIDv7 whose time is more than a day in the future: check the clock that made it` }
    : lower;
}

/** The first thing that is wrong with each field. */
export function detailsOf(error: Joi.ValidationError): Detail[] {
  const details = new Map<string, Detail>();
  for (const { path, message } of error.details) {
    const name = path.join('.');
    if (!details.has(name)) details.set(name, { path: name, message });
  }
  return [...details.values()];
}

/** From the first `T` on no offset. Anchored: a search for the `T` that begins the rest is quadratic in the number of them. */
const TIME_WITHOUT_OFFSET = /^[^T]*T[^Z+-]*$/i;

/** Milliseconds since the epoch, or undefined for what is no time from 1970 to 9999. */
function readTime(text: string): number | undefined {
  // Date.parse takes a time without an offset for local time; the API speaks UTC.
  const time = Date.parse(TIME_WITHOUT_OFFSET.test(text) ? `${text}Z` : text);
  return time >= 0 && time < Date.UTC(10_000, 0) && isDay(text.slice(0, 10)) ? time : undefined;
}

/** False for 30 February, which Date.parse takes for 2 March. */
function isDay(date: string): boolean {
  const day = new Date(date);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}

/** `Idempotency-Key: "…"` is how the header's specification writes it, without quotes is how most clients do. */
function unquoted(key: string | undefined): string | undefined {
  return key?.length === UUID_LENGTH + 2 && key.startsWith('"') && key.endsWith('"') ? key.slice(1, -1) : key;
}
