import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCommonEvent } from '../src/common-event.js';
import { readAnyEvent } from '../src/event-requests.js';
import { EVENT_KINDS, type EventKind } from '../src/kinds.js';
import type { Receipt } from '../src/receipt.js';
import { uuidv7 } from '../src/uuid.js';

// The last second of February, where errors in dates are most likely.
const NOW = Date.UTC(2026, 2, 1) - 250;
const ID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

/** A valid text with a small change, which a check that is too lenient accepts. */
const nearly = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.nat(40),
      fc.nat(3),
      fc.string({ unit: fc.constantFrom(...'0123459:-.+TZz% aF{"\\é'), maxLength: 3 }),
    )
    .map(([text, at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));

/** Any time, and times just within and beyond the age limits. */
const times = fc
  .oneof(
    fc.date({ noInvalidDate: true, min: new Date(-1), max: new Date(NOW + 900_000) }),
    fc
      .tuple(fc.constantFrom(1, 30), fc.integer({ min: -2, max: 2 }))
      .map(([days, offset]) => new Date(NOW - days * 86_400_000 + offset)),
  )
  .chain((date) => fc.constantFrom(date.toISOString(), date.toISOString().replace(/\.\d+/, '')));
const days = fc
  .tuple(fc.integer({ min: 2023, max: 2028 }), fc.nat(13), fc.nat(32), fc.nat(24), fc.nat(60), fc.nat(60))
  .map(([year, ...rest]) => {
    const [month, day, hour, minute, second] = rest.map((part) => String(part).padStart(2, '0'));
    return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  });
const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended());
/** UUIDv7 just below and above one day ahead and the age limits, and UUIDs of other versions with the same first bits. */
const ids = fc
  .tuple(
    fc.constantFrom(1, -1, -30),
    fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(10 ** 12), max: 10 ** 13 })),
    fc.nat(8),
  )
  .map(([days, offset, version]) => {
    const id = uuidv7(NOW + days * 86_400_000 + offset);
    return version === 4 ? `${id.slice(0, 14)}4${id.slice(15)}` : id;
  })
  .chain((id) => fc.constantFrom(id, id.toUpperCase()));
const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(-0, 86_400, 86_401, 0.5, '', ' ', '7', [], {}));

/** Labels around the longest length, with characters that are not printable, and characters of two UTF-16 units. */
const texts = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.string({ unit: fc.constantFrom(...'aZ 0é"\\😀'), minLength: 1, maxLength: 64, size: 'max' }),
  },
  fc.string({ unit: fc.constantFrom(...'a😀\t\u200e\ud800\u2028'), maxLength: 66, size: 'max' }),
);

/** Mostly valid bodies, so that every field is checked. */
const field = (...valid: fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.oneof(...valid, fc.constant(null)) }, { weight: 1, arbitrary: anything });

const fields = {
  ad_id: field(fc.constant('ad-001'), fc.string({ maxLength: 130 })),
  ip: field(addresses, nearly(addresses)),
  video_play_time: field(
    fc.nat(90_000),
    fc.double({ min: 0, max: 86_400, noNaN: true }),
    fc.constantFrom(-0, 1e-7, 12.345, 86_399.9996, 86_400.000_01, 1e308),
  ),
  timestamp: field(times, days, nearly(times)),
  click_id: field(fc.uuid(), fc.uuid(), ids, nearly(fc.uuid())),
  impression_id: field(fc.uuid(), fc.uuid(), ids, nearly(fc.uuid())),
  event_id: field(fc.uuid(), fc.uuid(), ids, nearly(fc.uuid())),
  error_code: field(fc.integer({ min: 100, max: 999 }), fc.integer({ min: 98, max: 1_001 })),
  user_agent: field(texts, fc.constantFrom('', 'x'.repeat(1_024), 'x'.repeat(1_025))),
  session_id: field(texts),
  placement: field(texts),
  source: field(texts),
  device: field(fc.constantFrom('mobile', 'tablet', 'desktop', 'tv', 'other')),
  country: field(fc.constantFrom('DE', 'NP', 'US', 'FR', 'IN', 'BR', 'JP', 'de', 'DEU')),
};

const bodies = fc.oneof(
  { weight: 20, arbitrary: fc.record({ ...fields, more: fc.jsonValue() }, { requiredKeys: ['ad_id'] }) },
  { weight: 1, arbitrary: fc.oneof(fc.jsonValue(), fc.constant(undefined)) },
);

const maxAges = fc.oneof(
  { weight: 4, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  fc.constantFrom(86_400_000, 30 * 86_400_000),
);
const receipts: fc.Arbitrary<Receipt> = fc.record({
  maxIdAge: maxAges,
  kind: fc.constantFrom<EventKind>('click', 'impression', 'complete', 'error'),
  idempotencyKey: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.uuid(), ids, fc.string()),
  callerIp: fc.constant(() => '203.0.113.9'),
  now: fc.constant(NOW),
  maxClockSkew: fc.constantFrom(0, 300_000),
  maxAge: maxAges,
});

it('readCommonEvent accepts only bodies that the schemas accept, and returns the same event', () => {
  let taken = 0;
  fc.assert(
    fc.property(bodies, receipts, (body, receipt) => {
      const event = readCommonEvent(body, receipt);
      if (event === undefined) return;
      taken += 1;
      const reading = readAnyEvent(body, receipt);
      const given = body as Readonly<Record<string, unknown>>;
      const hasId = given[EVENT_KINDS[receipt.kind].idField] != null;
      // Two new ids are never the same.
      const id = hasId ? event.id : expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      expect(reading).toEqual({ state: 'event', event: { ...event, id } });
    }),
    { numRuns: 20_000 },
  );
  expect(taken).toBeGreaterThan(700);
});

it.each([
  { ad_id: 'ad-001' },
  { ad_id: 'ad-001', ip: '2001:db8::1', video_play_time: 30, timestamp: '2026-02-28T23:59:59.749Z', click_id: ID },
  {
    ad_id: 'ad-001',
    ip: '203.0.113.7',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    timestamp: '2026-02-28T23:59:59Z',
    unknown: { nested: true },
  },
  { ad_id: 'ad-001', session_id: 's-1', placement: 'Startseite – oben 😀', source: 'x', device: 'tv', country: 'DE' },
])('readCommonEvent accepts the usual bodies of players: %j', (body) => {
  const receipt: Receipt = {
    kind: 'click',
    idempotencyKey: undefined,
    callerIp: () => '203.0.113.9',
    now: NOW,
    maxClockSkew: 0,
    maxAge: 86_400_000,
    maxIdAge: 86_400_000,
  };
  expect(readCommonEvent(body, receipt)).toMatchObject({ kind: 'click', adId: 'ad-001' });
});
