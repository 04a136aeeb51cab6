import { isIP } from 'node:net';
import Joi from 'joi';
import { LONGEST_ADDRESS, readAddress } from './address.js';
import { readCommonEvent } from './common-event.js';
import {
  AD_ID,
  AD_ID_RULE,
  type AdEvent,
  GREATEST_ERROR_CODE,
  LEAST_ERROR_CODE,
  LONGEST_AD_ID,
  LONGEST_USER_AGENT,
  MAX_PLAY_TIME,
  playTimeMs,
} from './event.js';
import { EVENT_KINDS, type EventField, type EventKind, KINDS, perKind } from './kinds.js';
import { type EventLabels, labelSchemas, readLabels } from './labels.js';
import { limitedText } from './limited.js';
import type { Receipt } from './receipt.js';
import { isFarAhead, isTooOld, isUuid, UUID_LENGTH, uuidv7 } from './uuid.js';

const DAY_MS = 86_400_000;

/** Maximum length of a timestamp. */
const LONGEST_TIMESTAMP = 64;

const adId = limitedText(LONGEST_AD_ID)
  .pattern(AD_ID)
  .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
  .required()
  .description('Id of the ad: 1 to 128 printable ASCII characters without spaces and braces.');
const NO_ADDRESS = '{#label} must be an IPv4 or IPv6 address';
const ip = limitedText(LONGEST_ADDRESS)
  .ip({ version: ['ipv4', 'ipv6'], cidr: 'forbidden' })
  .messages({ 'string.max': NO_ADDRESS, 'string.ipVersion': NO_ADDRESS })
  // joi accepts leading zeros (10.01.2.3), which Postgres would refuse after the 202.
  .custom((text: string, helpers) => (isIP(text) === 0 ? helpers.error('string.ipVersion') : text))
  .allow(null)
  .description('IP address of the viewer. Default: the address of the client.');
const userAgent = limitedText(LONGEST_USER_AGENT)
  .allow('', null)
  .description(
    'User agent of the viewer, up to 1,024 characters. It shows whether the event comes from a bot, and is not stored. Without it the event is not judged by a user agent; the header `User-Agent` of the request is never used.',
  );
const timestamp = limitedText(LONGEST_TIMESTAMP)
  .isoDate()
  .messages({ 'string.isoDate': '{#label} must be an ISO 8601 time, 1970 or later' })
  .custom((text: string, helpers) => (readTime(text) === undefined ? helpers.error('string.isoDate') : text))
  .allow(null)
  .description(
    'Time of the event in ISO 8601, 1970 or later; UTC without an offset. Default: the time of receipt, which also replaces a time too far in the future. A time older than the service accepts is refused with `event_too_old`; by default every age is accepted.',
  );
const NO_UUID = '{#label} must be a UUID';
const eventId = limitedText(UUID_LENGTH)
  // Only the canonical form: Postgres refuses braces and missing hyphens.
  .guid({ separator: '-', wrapper: false })
  .messages({ 'string.max': NO_UUID, 'string.guid': NO_UUID })
  .allow(null);

/** The fields of some kinds only: schema, and a value for examples. */
export const EVENT_FIELDS: Readonly<Record<EventField, { readonly schema: Joi.Schema; readonly example: unknown }>> = {
  video_play_time: {
    schema: Joi.number()
      .min(0)
      .max(MAX_PLAY_TIME)
      .allow(null)
      .description('Seconds of video before the click, stored to the millisecond.'),
    example: 12.345,
  },
  error_code: {
    schema: Joi.number()
      .integer()
      .min(LEAST_ERROR_CODE)
      .max(GREATEST_ERROR_CODE)
      .allow(null)
      .description('Error code of VAST, such as 402 for a media file that timed out.'),
    example: 402,
  },
};

/** The fields that a form, which has only text, must convert to numbers. */
export const NUMERIC_EVENT_FIELDS = Object.entries(EVENT_FIELDS).flatMap(([name, { schema }]) =>
  schema.type === 'number' ? [name] : [],
);

/** The fields of an event of each kind. Unknown fields are ignored: events of a newer player must not be lost. */
export const eventRequests = perKind((kind) => {
  const { idField, fields } = EVENT_KINDS[kind];
  return Joi.object({
    ad_id: adId,
    ip,
    user_agent: userAgent,
    ...Object.fromEntries(fields.map((field) => [field, EVENT_FIELDS[field].schema])),
    timestamp,
    ...labelSchemas,
    [idField]: eventId.description(
      `UUID of the ${kind}, which counts once however often it is sent. Default: a new one. A UUIDv7 must not be more than a day in the future.`,
    ),
  })
    .unknown(true)
    .required()
    .label('body');
});

/**
 * An event of `POST /api/v1/ads/events`: the fields of its kind, beside the kind. It describes what {@link eventRequests} validate.
 */
export const batchedEvent = Joi.object({
  kind: Joi.string()
    .valid(...KINDS)
    .required()
    .description('The kind of the event. Names other than `click` and `impression` are those of VAST.'),
  ad_id: adId,
  ip,
  user_agent: userAgent,
  ...Object.fromEntries(Object.entries(EVENT_FIELDS).map(([field, { schema }]) => [field, schema])),
  timestamp,
  ...labelSchemas,
  click_id: eventId.description('UUID of a click.'),
  impression_id: eventId.description('UUID of an impression.'),
  event_id: eventId.description('UUID of an event of another kind.'),
}).unknown(true);

/** The event of a request, or the reasons why the request is invalid. */
export type EventReading =
  | { readonly state: 'event'; readonly event: AdEvent }
  | { readonly state: 'invalid'; readonly details: readonly Detail[] }
  /** Valid, but older than `maxAge` of the {@link Receipt} allows. */
  | { readonly state: 'too old'; readonly details: readonly Detail[] };

/** A problem of one field. */
export interface Detail {
  readonly path: string;
  readonly message: string;
}

interface EventBody {
  readonly ad_id: string;
  readonly ip?: string | null;
  readonly video_play_time?: number | null;
  readonly error_code?: number | null;
  readonly timestamp?: string | null;
  /** The id, a UUID, is in the `idField` of the kind. */
  readonly [field: string]: unknown;
}

/** Validates a parsed body, and completes it to an event. */
export function readEventRequest(body: unknown, receipt: Receipt): EventReading {
  const event = readCommonEvent(body, receipt);
  return event === undefined ? readAnyEvent(body, receipt) : { state: 'event', event };
}

const NAMES: ReadonlySet<unknown> = new Set(KINDS);

/** Returns a function that validates events of one batch, which contain their kinds, and completes them. */
export function batchedEventReader(
  receipt: Omit<Receipt, 'kind' | 'idempotencyKey'>,
): (fields: unknown) => EventReading {
  // Creating a `Receipt` for each event would take as long as validating the event.
  const receipts = new Map<EventKind, Receipt>();
  const receiptOf = (kind: EventKind): Receipt => {
    const known = receipts.get(kind);
    if (known !== undefined) return known;
    const created = { ...receipt, kind, idempotencyKey: undefined };
    receipts.set(kind, created);
    return created;
  };
  return (fields) => {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      return { state: 'invalid', details: [{ path: '', message: 'event must be a JSON object' }] };
    }
    const { kind } = fields as { readonly kind?: unknown };
    if (!NAMES.has(kind)) {
      const message = 'kind must be click, impression, or an event of VAST such as start';
      return { state: 'invalid', details: [{ path: 'kind', message }] };
    }
    return readEventRequest(fields, receiptOf(kind as EventKind));
  };
}

/** Like {@link readEventRequest}, but with joi for every body. */
export function readAnyEvent(body: unknown, receipt: Receipt): EventReading {
  const checked = eventRequests[receipt.kind].validate(body, {
    abortEarly: false,
    convert: false,
    errors: { wrap: { label: false } },
  });
  if (checked.error) return { state: 'invalid', details: detailsOf(checked.error) };
  const fields = checked.value as EventBody;
  const { now } = receipt;
  const id = readId(fields, receipt);
  if (typeof id !== 'string') return { state: 'invalid', details: [id] };
  const claimed = fields.timestamp == null ? now : (readTime(fields.timestamp) ?? now);
  const tooOld = ageProblems(fields, claimed, id, receipt);
  if (tooOld.length > 0) return { state: 'too old', details: tooOld };
  const believable = claimed <= now + receipt.maxClockSkew;
  const labels = labelsOf(fields, receipt.kind);
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
      // For other kinds this is an unknown field, which is not validated.
      ...(fields.video_play_time != null && EVENT_KINDS[receipt.kind].fields.includes('video_play_time')
        ? { playTimeMs: playTimeMs(fields.video_play_time) }
        : {}),
      ...(labels === undefined ? {} : { labels }),
    },
  };
}

/** Returns the labels of a valid body; undefined without labels. */
function labelsOf(fields: EventBody, kind: EventKind): EventLabels | undefined {
  const labels = readLabels(fields);
  if (labels === 'invalid') throw new Error('joi accepted an invalid label');
  return fields.error_code != null && EVENT_KINDS[kind].fields.includes('error_code')
    ? { ...labels, error_code: String(fields.error_code) }
    : labels;
}

/** The field or header that holds the id of an event. */
function pathOfId(fields: EventBody, kind: EventKind): string {
  const { idField } = EVENT_KINDS[kind];
  return fields[idField] == null ? 'Idempotency-Key' : idField;
}

/** Returns the id of the body, else of the header, else a new one, in lower case; or the problem with it. */
function readId(fields: EventBody, { kind, idempotencyKey, now }: Receipt): string | Detail {
  const { idField } = EVENT_KINDS[kind];
  const given = (fields[idField] ?? undefined) as string | undefined;
  const key = unquoted(idempotencyKey);
  const path = pathOfId(fields, kind);
  const id = given ?? key ?? uuidv7(now);
  if (!isUuid(id)) return { path, message: `${path} must be a UUID` };
  const lower = id.toLowerCase();
  return isFarAhead(lower, now)
    ? { path, message: `${path} is a UUIDv7 from more than a day in the future; check the clock that generated it` }
    : lower;
}

function ageProblems(fields: EventBody, claimed: number, id: string, receipt: Receipt): Detail[] {
  const { kind, now, maxAge, maxIdAge } = receipt;
  const problems: Detail[] = [];
  if (claimed < now - maxAge) {
    problems.push({ path: 'timestamp', message: `timestamp must not be more than ${inDays(maxAge)} ago` });
  }
  if (isTooOld(id, now, maxIdAge)) {
    const path = pathOfId(fields, kind);
    const message = `${path} is a UUIDv7 from more than ${inDays(maxIdAge)} ago; ids are remembered for ${inDays(maxIdAge)}`;
    problems.push({ path, message });
  }
  return problems;
}

function inDays(milliseconds: number): string {
  const days = milliseconds / DAY_MS;
  return days === 1 ? 'a day' : `${days} days`;
}

/** Returns the first problem of each field. */
export function detailsOf(error: Joi.ValidationError): Detail[] {
  const details = new Map<string, Detail>();
  for (const { path, message } of error.details) {
    const name = path.join('.');
    if (!details.has(name)) details.set(name, { path: name, message });
  }
  return [...details.values()];
}

/** No offset after the first `T`. Anchored, because an unanchored search takes quadratic time for many `T`s. */
const TIME_WITHOUT_OFFSET = /^[^T]*T[^Z+-]*$/i;

/** Returns milliseconds since the epoch; undefined if the text is not a time from 1970 to 9999. */
export function readTime(text: string): number | undefined {
  // Date.parse reads a time without an offset as local time. The API defines it as UTC.
  const time = Date.parse(TIME_WITHOUT_OFFSET.test(text) ? `${text}Z` : text);
  return time >= 0 && time < Date.UTC(10_000, 0) && isDay(text.slice(0, 10)) ? time : undefined;
}

/** False for 30 February, which Date.parse reads as 2 March. */
function isDay(date: string): boolean {
  const day = new Date(date);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}

/** Removes the quotes that the specification of `Idempotency-Key` requires, and most clients omit. */
function unquoted(key: string | undefined): string | undefined {
  return key?.length === UUID_LENGTH + 2 && key.startsWith('"') && key.endsWith('"') ? key.slice(1, -1) : key;
}
