import { isIP } from 'node:net';
import { AD_ID, type AdEvent, MAX_PLAY_TIME, type WritableEvent } from './event.js';
import { EVENT_KINDS, type EventKind, KINDS } from './kinds.js';
import { isUuid } from './uuid.js';

/** The version that this code writes, and the only one that it reads. */
export const WIRE_VERSION = 1;

/** What a message turned out to be: events, some of which may be bad on their own, or nothing readable at all. */
export type Decoded =
  | { readonly state: 'decoded'; readonly events: AdEvent[]; readonly rejected: Rejected[] }
  | { readonly state: 'unreadable'; readonly reason: string };

/** A part of a message that is no event, with the reason in words. */
export interface Rejected {
  readonly value: unknown;
  readonly reason: string;
}

/** Many events as one message: UTF-8 JSON `{"v":1,"events":[…]}`; keys are short because there is one of each per click. */
export function encodeEvents(events: readonly AdEvent[]): Buffer {
  return wrapEvents(events.map(encodeEvent));
}

/** A message of events that are JSON texts already, good or not. */
export function wrapEvents(events: readonly string[]): Buffer {
  return Buffer.from(`{"v":${WIRE_VERSION},"events":[${events.join()}]}`);
}

const KIND_OF_CODE: ReadonlyMap<unknown, EventKind> = new Map(KINDS.map((kind) => [EVENT_KINDS[kind].code, kind]));

const strict = new TextDecoder('utf-8', { fatal: true });

/** The reverse of {@link encodeEvents}. Never throws: whatever bytes arrive, the answer says what they are. */
export function decodeEvents(bytes: Uint8Array): Decoded {
  let message: unknown;
  try {
    message = JSON.parse(strict.decode(bytes));
  } catch (error) {
    return unreadable(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(message)) return unreadable('not a JSON object');
  if (message.v !== WIRE_VERSION) {
    return unreadable(`wire version ${inWords(message.v)}, this reads ${WIRE_VERSION}`);
  }
  if (!Array.isArray(message.events)) return unreadable('"events" is not an array');
  const events: AdEvent[] = [];
  const rejected: Rejected[] = [];
  for (const value of message.events) {
    const event = fromWire(value);
    if (typeof event === 'string') rejected.push({ value, reason: event });
    else events.push(event);
  }
  return { state: 'decoded', events, rejected };
}

/**
 * Put together by hand, in two thirds of the time: of the texts only the ad id may hold what JSON has to escape. Of the
 * times V8 would keep the texts, which then outlive young garbage: not of those that toFixed wrote.
 */
export function encodeEvent({ kind, id, adId, ip, occurredAt, receivedAt, claimedAt, playTimeMs }: AdEvent): string {
  const claimed = claimedAt === undefined ? '' : `,"raw":${claimedAt}`;
  const played = playTimeMs === undefined ? '' : encodePlayTime(playTimeMs);
  return `{"k":"${EVENT_KINDS[kind].code}","id":"${id}","ad":${JSON.stringify(adId)},"ip":"${ip}","at":${occurredAt.toFixed()},"rx":${receivedAt.toFixed()}${claimed}${played}}`;
}

/**
 * Whole seconds as `pt`, and milliseconds as `pm` where there is a rest. A consumer of the release before reads `pt` alone,
 * and would reject an event whose `pt` is not an integer: it stores the seconds, and no click is lost during a rolling update.
 */
function encodePlayTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  const rest = seconds * 1_000 === milliseconds ? '' : `,"pm":${milliseconds.toFixed()}`;
  return `,"pt":${seconds.toFixed()}${rest}`;
}

/** An event, or the reason why it is none. As strict as the database: what passes here can be stored. */
function fromWire(value: unknown): AdEvent | string {
  if (!isRecord(value)) return 'event is not an object';
  const { k, id, ad, ip, at, rx, raw, pt, pm } = value;
  const kind = KIND_OF_CODE.get(k);
  if (kind === undefined) return `unknown kind ${inWords(k)}`;
  if (typeof id !== 'string' || !isUuid(id)) return 'id is not a UUID';
  if (typeof ad !== 'string' || !AD_ID.test(ad)) return 'ad is not an ad id';
  if (typeof ip !== 'string' || isIP(ip) === 0 || ip.includes('%')) return 'ip is not an address';
  if (!isTime(at)) return 'at is not a time';
  if (!isTime(rx)) return 'rx is not a time';
  if (raw !== undefined && !isTime(raw)) return 'raw is not a time';
  if (pt !== undefined && !isWhole(pt, MAX_PLAY_TIME)) return 'pt is not a play time';
  if (pm !== undefined && !isWhole(pm, MAX_PLAY_TIME * 1_000)) return 'pm is not a play time';
  const event: WritableEvent = {
    kind,
    id: id.toLowerCase(),
    adId: ad,
    ip,
    occurredAt: at,
    receivedAt: rx,
  };
  if (raw !== undefined) event.claimedAt = raw;
  if (pm !== undefined) event.playTimeMs = pm;
  else if (pt !== undefined) event.playTimeMs = pt * 1_000;
  return event;
}

/** The year 9999 is as far as ISO 8601 goes without a sign, and well inside what Postgres stores. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function isTime(value: unknown): value is number {
  return isWhole(value, LAST_TIME);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** Short, and never throws: JSON.parse takes any depth of nesting, JSON.stringify does not. */
function inWords(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'of another type' : String(JSON.stringify(value)).slice(0, 100);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(reason: string): Decoded {
  return { state: 'unreadable', reason };
}
