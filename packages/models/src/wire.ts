import { isIP } from 'node:net';
import { AD_ID, type AdEvent, MAX_PLAY_TIME, type WritableEvent } from './event.js';
import { EVENT_KINDS, type EventKind, KINDS } from './kinds.js';
import { EVENT_LABEL_NAMES, type EventLabels, readStoredLabels } from './labels.js';
import { isUuid } from './uuid.js';
import { isIngestVerdict, isViewer } from './verdicts.js';

/*
 * Versions of the wire format
 *
 * During a rolling update consumers of two releases pull from the same queue, so an older consumer may receive events that
 * only a newer one can read. They must neither be lost nor dead-lettered. So each part of a message names the version that
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
 * To add a kind, give it a code of the next version. To add a field that a reader may ignore, just write it: older readers
 * ignore it. To add a field that must not be lost, write the events that have it under a second code of their kind, like
 * `2c`. The version is in `k` and not in a field of its own because releases from before this rule ignore unknown fields:
 * they would record the event without the new field. They dead-letter an unknown code instead, and its bytes can be
 * replayed.
 */

/** The kinds by `k`. */
export type Codes = ReadonlyMap<unknown, EventKind>;

/** The codes that this release writes and reads. */
export const CODES: Codes = new Map(
  KINDS.flatMap((kind) => {
    const { code, labelledCode, judgedCode } = EVENT_KINDS[kind];
    return [code, labelledCode, judgedCode].map((one) => [one, kind] as const);
  }),
);

/** The version of the form around the events, an object with an array, which has not changed since the first release. */
const MESSAGE_VERSION = 1;

/** A version with more than three digits is treated as damage, not as a newer release. */
const CODE = /^([1-9]\d{0,2})?[a-z]+$/;
const LAST_VERSION = 999;

/** The content of a message: its valid events and its rejected parts, or the reason why nothing is readable. */
export type Decoded =
  | { readonly state: 'decoded'; readonly events: AdEvent[]; readonly rejected: Rejected[] }
  | ({ readonly state: 'unreadable' } & Problem);

/** Why a part is rejected, and the version of a newer release that can read it; without a version no release can. */
interface Problem {
  readonly reason: string;
  readonly version?: number;
}

/** A part of a message that this release cannot read. */
export interface Rejected extends Problem {
  readonly value: unknown;
}

/** Encodes events as one message: UTF-8 JSON `{"v":1,"events":[…]}`. Keys are short because every event repeats them. */
export function encodeEvents(events: readonly AdEvent[]): Buffer {
  return wrapEvents(events.map(encodeEvent));
}

/** Wraps events that are already JSON texts, valid or not. */
export function wrapEvents(events: readonly string[]): Buffer {
  return Buffer.from(`{"v":${MESSAGE_VERSION},"events":[${events.join()}]}`);
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Reads the messages of releases up to a version. */
export interface WireReader {
  /** The newest version that it reads. */
  readonly version: number;
  /** The reverse of {@link encodeEvents}, for any bytes. Never throws. */
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

/** @param reason the reason; dropped if a newer version can read the value */
function rejection(value: unknown, reason: string, newest: number): Problem {
  const version = isRecord(value) ? versionOf(value.k) : undefined;
  return version !== undefined && version > newest ? ofVersion(version, newest) : { reason };
}

function ofVersion(version: unknown, newest: number): Problem {
  const reason = `wire version ${inWords(version)}, this reads ${newest}`;
  return isWhole(version, LAST_VERSION) && version > newest ? { reason, version } : { reason };
}

/** Returns the version that a code needs; undefined for an invalid code. */
function versionOf(code: unknown): number | undefined {
  const found = typeof code === 'string' ? CODE.exec(code) : null;
  return found === null ? undefined : Number(found[1] ?? 1);
}

/**
 * Encodes one event. Concatenation takes two thirds of the time of JSON.stringify; only the ad id and labels may need escaping.
 * Times are formatted by toFixed, because V8 caches the other conversions of numbers to strings, which then outlive the young
 * generation.
 */
export function encodeEvent(event: AdEvent): string {
  const { id, adId, ip, occurredAt, receivedAt, claimedAt, playTimeMs, labels, verdict, viewer } = event;
  const claimed = claimedAt === undefined ? '' : `,"raw":${claimedAt}`;
  const played = playTimeMs === undefined ? '' : encodePlayTime(playTimeMs);
  const labelled = labels === undefined ? '' : `,"l":${encodeLabels(labels)}`;
  const judged = verdict === undefined ? '' : `,"vd":"${verdict}"`;
  const seen = viewer === undefined ? '' : `,"vw":"${viewer}"`;
  return `{"k":"${codeOf(event)}","id":"${id}","ad":${quoted(adId)},"ip":"${ip}","at":${occurredAt.toFixed()},"rx":${receiptText(receivedAt)}${claimed}${played}${labelled}${judged}${seen}}`;
}

/** The latest time of receipt: the events of a batch have few different ones. */
let latest = { time: -1, text: '' };

function receiptText(time: number): string {
  if (time !== latest.time) latest = { time, text: time.toFixed() };
  return latest.text;
}

function encodeLabels(labels: EventLabels): string {
  let text = '';
  for (const name of EVENT_LABEL_NAMES) {
    const value = labels[name];
    if (value !== undefined) text += `${text === '' ? '{' : ','}"${name}":${quoted(value)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Printable ASCII that JSON does not escape. */
const UNESCAPED = /^[ !#-[\]-~]*$/;

/** The text as JSON. */
function quoted(text: string): string {
  return UNESCAPED.test(text) ? `"${text}"` : JSON.stringify(text);
}

function codeOf({ kind, labels, verdict, viewer }: AdEvent): string {
  const { code, labelledCode, judgedCode } = EVENT_KINDS[kind];
  if (verdict !== undefined || viewer !== undefined) return judgedCode;
  return labels === undefined ? code : labelledCode;
}

/**
 * Encodes whole seconds as `pt`, and also milliseconds as `pm` if they are not whole seconds. A consumer of the previous release
 * reads only `pt`, which must be an integer; it stores the seconds, so that a rolling update loses no click.
 */
function encodePlayTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  const rest = seconds * 1_000 === milliseconds ? '' : `,"pm":${milliseconds.toFixed()}`;
  return `,"pt":${seconds.toFixed()}${rest}`;
}

/** Returns the event, or the reason why the value is not one. As strict as the database, so that every event can be stored. */
function fromWire(value: unknown, codes: Codes): AdEvent | string {
  if (!isRecord(value)) return 'event is not an object';
  const { k, id, ad, ip, at, rx, raw, pt, pm, l, vd, vw } = value;
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
  const labels = l === undefined ? undefined : isRecord(l) ? readStoredLabels(l) : 'l';
  if (typeof labels === 'string') return `${labels} is not a label`;
  if (vd !== undefined && !isIngestVerdict(vd)) return `unknown verdict ${inWords(vd)}`;
  if (vw !== undefined && !isViewer(vw)) return 'vw is not a viewer';
  const event: WritableEvent = {
    kind,
    id: id.toLowerCase(),
    adId: ad,
    ip,
    occurredAt: at,
    receivedAt: rx,
  };
  if (raw !== undefined) event.claimedAt = raw;
  const played = pm ?? (pt === undefined ? undefined : pt * 1_000);
  // Reports sum the play times of clicks, so those of other kinds are ignored.
  if (played !== undefined && EVENT_KINDS[kind].fields.includes('video_play_time')) event.playTimeMs = played;
  if (labels !== undefined) event.labels = labels;
  if (vd !== undefined) event.verdict = vd;
  if (vw !== undefined) event.viewer = vw;
  return event;
}

/** The last time that ISO 8601 writes without a sign. Postgres stores later ones too. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function isTime(value: unknown): value is number {
  return isWhole(value, LAST_TIME);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** Describes a value in a short text. Never throws, unlike JSON.stringify on deep nesting, which JSON.parse accepts. */
function inWords(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'of another type' : String(JSON.stringify(value)).slice(0, 100);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(reason: string): Decoded {
  return { state: 'unreadable', reason };
}
