import { EVENT_KINDS, type EventKind } from '@ads/models';
import fc from 'fast-check';
import { oneOf } from './choices.js';
import { adId, eventPath } from './endpoints.js';
import { hostileString } from './hostile-strings.js';
import { headOf, JSON_LINE } from './request.js';

/** A request that the API must answer with 202 and count once. */
export interface ValidEvent {
  readonly path: string;
  /** The id in the body. */
  readonly id: string;
  readonly body: string;
}

/** The API accepts each of them, whatever its verdict. */
const userAgent = hostileString.map((text) => text.slice(0, 1_024));

const optionalFields = fc.record(
  {
    ip: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::ffff', '::ffff:1.2.3.4', null)),
    video_play_time: fc.option(fc.oneof(fc.nat(86_400), fc.double({ min: 0, max: 86_400, noNaN: true }))),
    timestamp: fc.option(oneOf`
      1970-01-01T00:00:00Z 2024-02-29T23:59:59.999Z 2025-01-01T12:00:00+14:00 2025-01-01T12:00:00.123456789Z
      9999-12-31T23:59:59.999Z 2025-06-01T12:00
    `),
    user_agent: fc.option(fc.oneof(userAgent, fc.constantFrom('', 'x'.repeat(1_024)))),
    note: fc.constantFrom('', 'a later player may say more', 0, null),
  },
  { requiredKeys: [] },
);

const DAY_MS = 86_400_000;

/** Generates UUIDs of every version. Only a UUIDv7 begins with a time, which is at most 0.9 days ahead. */
const eventId = fc.oneof(
  fc.uuid({ version: [1, 2, 3, 4, 5, 6, 8] }),
  fc.uuid({ version: 7 }).chain((id) =>
    fc.constantFrom(0, Date.now() - 400 * DAY_MS, Date.now(), Date.now() + 0.9 * DAY_MS).map((time) => {
      const prefix = Math.floor(time).toString(16).padStart(12, '0');
      return `${prefix.slice(0, 8)}-${prefix.slice(8)}${id.slice(13)}`;
    }),
  ),
);

/** Generates an event with a new id, by which the stored event can be found. */
export const validEvent: fc.Arbitrary<ValidEvent> = fc
  .tuple(eventPath, adId, eventId, optionalFields)
  .map(([path, ad, id, fields]) => ({
    path,
    id,
    body: JSON.stringify({ ad_id: ad, [EVENT_KINDS[kindOf(path)].idField]: id, ...fields }),
  }));

function kindOf(path: string): EventKind {
  return path.slice(path.lastIndexOf('/') + 1) as EventKind;
}

/** Returns the request of a valid event, one character per byte. `lines` are added to its head. */
export function eventBytes({ path, body }: ValidEvent, ...lines: readonly string[]): string {
  const bytes = Buffer.from(body).toString('latin1');
  return headOf('POST', path, JSON_LINE, `Content-Length: ${bytes.length}`, ...lines) + bytes;
}
