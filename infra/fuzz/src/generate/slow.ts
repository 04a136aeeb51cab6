import fc from 'fast-check';
import { anyTarget, eventTarget } from './endpoints.js';
import { eventBytes, validEvent } from './events.js';
import { type RawRequest, raw } from './request.js';

function cut(bytes: string, at: number): string {
  return bytes.slice(0, at % bytes.length);
}

/** Generates a request that stops in the middle while the connection stays open. The server must end the wait. */
export const halfSent: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, event: validEvent, at: fc.nat(), where: fc.constantFrom('head', 'body', 'body') })
  .map(({ to, event, at, where }) => {
    const bytes = eventBytes(event);
    const bodyAt = bytes.indexOf('\r\n\r\n') + 4;
    const sent =
      where === 'head' ? cut(bytes.slice(0, bodyAt), at) : bytes.slice(0, bodyAt + (at % (bytes.length - bodyAt)));
    return raw('half-sent', to, sent, { mayClose: true });
  });

/** Generates a valid request that arrives in pieces with pauses, as from a slow player. */
export const slowlySent: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    event: validEvent,
    pieces: fc.integer({ min: 2, max: 12 }),
    pauseMs: fc.constantFrom(1, 10, 50),
  })
  .map(({ to, event, pieces, pauseMs }) => {
    const bytes = Buffer.from(eventBytes(event), 'latin1');
    const length = Math.ceil(bytes.length / pieces);
    const parts = Array.from({ length: pieces }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
    return raw('slowly sent', to, '', { parts: parts.filter((part) => part.length > 0), pauseMs });
  });

/** Generates a request that arrives byte by byte, for longer than a request may take. */
export const trickles: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, event: validEvent, at: fc.nat() })
  .map(({ to, event, at }) => {
    const bytes = Buffer.from(eventBytes(event), 'latin1');
    const start = at % (bytes.length - 30);
    const parts = Array.from({ length: 30 }, (_, index) => bytes.subarray(start + index, start + index + 1));
    return raw('trickles', to, '', { parts: [bytes.subarray(0, start), ...parts], pauseMs: 500, mayClose: true });
  });

/** Generates a client that disconnects in the middle of its request, or as soon as it is sent. */
export const leavers: fc.Arbitrary<RawRequest> = fc
  .record({
    to: anyTarget,
    event: validEvent,
    at: fc.nat(),
    whole: fc.boolean(),
    ending: fc.constantFrom('leave' as const, 'half-close' as const),
  })
  .map(({ to, event, at, whole, ending }) => {
    const bytes = eventBytes(event);
    return raw('leavers', to, whole ? bytes : cut(bytes, at), { ending, mayClose: true, mayStore: [event.id] });
  });

/** Generates a valid request with bytes changed, removed or added. Any response except a 5xx is right. */
export const mutations: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    event: validEvent,
    changes: fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('set', 'add', 'remove', 'swap'), fc.integer({ min: 0, max: 255 })),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ to, event, changes }) => {
    const bytes = [...Buffer.from(eventBytes(event), 'latin1')];
    for (const [at, how, byte] of changes) {
      const place = at % bytes.length;
      if (how === 'set') bytes[place] = byte;
      else if (how === 'add') bytes.splice(place, 0, byte);
      else if (how === 'remove') bytes.splice(place, 1);
      else bytes.push(...bytes.splice(place, 1));
    }
    return raw('mutations', to, Buffer.from(bytes), { mayClose: true });
  });
