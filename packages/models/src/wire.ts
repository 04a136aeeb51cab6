import { isIP } from 'node:net';
import { AD_ID, type AdEvent, MAX_PLAY_TIME, type WritableEvent } from './event.js';
import { EVENT_KINDS, type EventKind, KINDS } from './kinds.js';
import { isUuid } from './uuid.js';

/*
 * Versions of the wire format
 *
 * During a rolling update consumers of two releases pull from the same queue, so an older consumer may be given what only a
 * newer one can read. It must not lose it, and it is no dead letter either. So each part of a message says which version
 * its reader needs:
 *
 *   message  `v` is the version of the form around the events. It is 1.
 *   event    digits in front of the code in `k` are the version of the event: `2s` needs version 2, `c` needs version 1.
 *
 * A reader of version N reads all parts of the versions 1 to N. It reports the others with their version, and the consumer
 * moves them to a subject of that version in the event stream, where they wait for a consumer that reads them (see
 * `newerEventsSubject`). Events of older versions in the same message are recorded at once: one event of a new kind does not hold
 * up the clicks beside it.
 *
 * To add a kind, give it a code of the next version. To add a field that a reader may ignore, write it: unknown fields are
 * ignored. To add a field that must not get lost, write the events that have it under a second code of their kind, like
 * `2c`. The version is in `k` and not in a field of its own because releases from before this rule ignore unknown fields:
 * they would record the event without what it says. They dead-letter an unknown code instead, and its bytes can be
 * replayed.
 */

/** The kinds by `k`. */
export type Codes = ReadonlyMap<unknown, EventKind>;

/** The codes that this release writes and reads. */
export const CODES: Codes = new Map(KINDS.map((kind) => [EVENT_KINDS[kind].code, kind]));

/** Events are in an array since the first version, and messages that hold one say so. */
const MESSAGE_VERSION = 1;

/** Versions have three digits at most: more is taken for damage, not for a newer release. */
const CODE = /^([1-9]\d{0,2})?[a-z]+$/;
const LAST_VERSION = 999;

/** The content of a message: events, some of which may be bad on their own, or nothing readable at all. */
export type Decoded =
  | { readonly state: 'decoded'; readonly events: AdEvent[]; readonly rejected: Rejected[] }
  | ({ readonly state: 'unreadable' } & Problem);

/** A reason in words, and the version of a newer release that can read the part; without it nobody can. */
interface Problem {
  readonly reason: string;
  readonly version?: number;
}

/** A part of a message that is no event, or none that this release can read. */
export interface Rejected extends Problem {
  readonly value: unknown;
}

/** Many events as one message: UTF-8 JSON `{"v":1,"events":[…]}`; keys are short because there is one of each per click. */
export function encodeEvents(events: readonly AdEvent[]): Buffer {
  return wrapEvents(events.map(encodeEvent));
}

/** A message of events that are JSON texts already, good or not. */
export function wrapEvents(events: readonly string[]): Buffer {
  return Buffer.from(`{"v":${MESSAGE_VERSION},"events":[${events.join()}]}`);
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Reads what releases up to a version wrote. */
export interface WireReader {
  /** The newest version that it reads. */
  readonly version: number;
  /** The reverse of {@link encodeEvents}. Never throws: whatever bytes arrive, the answer says what they are. */
  readonly decode: (bytes: Uint8Array) => Decoded;
}

/** A reader that knows these codes. */
export function createWireReader(codes: Codes): WireReader {
  const newest = Math.max(MESSAGE_VERSION, ...[...codes.keys()].map((code) => versionOf(code) ?? 0));
  const decode = (bytes: Uint8Array): Decoded => {
    let message: unknown;
    try {
      message = JSON.parse(strict.decode(bytes));
    } catch (error) {
      return unreadable(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!isRecord(message)) return unreadable('not a JSON object');
    if (message.v !== MESSAGE_VERSION) return { state: 'unreadable', ...ofVersion(message.v, newest) };
    if (!Array.isArray(message.events)) return unreadable('"events" is not an array');
    const events: AdEvent[] = [];
    const rejected: Rejected[] = [];
    for (const value of message.events) {
      const event = fromWire(value, codes);
      if (typeof event === 'string') rejected.push({ value, ...rejection(value, event, newest) });
      else events.push(event);
    }
    return { state: 'decoded', events, rejected };
  };
  return { version: newest, decode };
}

/** The reader of this release. */
export const wireReader = createWireReader(CODES);
export const decodeEvents = wireReader.decode;

/** @param reason why it is no event, unless it is one of a newer version */
function rejection(value: unknown, reason: string, newest: number): Problem {
  const version = isRecord(value) ? versionOf(value.k) : undefined;
  return version !== undefined && version > newest ? ofVersion(version, newest) : { reason };
}

function ofVersion(version: unknown, newest: number): Problem {
  const reason = `wire version ${inWords(version)}, this reads ${newest}`;
  return isWhole(version, LAST_VERSION) && version > newest ? { reason, version } : { reason };
}

/** The version that an event of a code needs; undefined where it is no code. */
function versionOf(code: unknown): number | undefined {
  const found = typeof code === 'string' ? CODE.exec(code) : null;
  return found === null ? undefined : Number(found[1] ?? 1);
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
function fromWire(value: unknown, codes: Codes): AdEvent | string {
  if (!isRecord(value)) return 'event is not an object';
  const { k, id, ad, ip, at, rx, raw, pt, pm } = value;
  const kind = codes.get(k);
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
