import { describe, expect, it } from '@jest/globals';
import { readAddress } from '../src/address.js';
import { readEventRequest } from '../src/event-requests.js';
import type { Receipt } from '../src/receipt.js';
import { uuidv7 } from '../src/uuid.js';
import { decodeEvents, encodeEvents } from '../src/wire.js';

const NOW = Date.UTC(2026, 6, 1, 12, 0, 0, 250);
const SKEW = 300_000;
const ID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';
const receipt: Receipt = {
  kind: 'click',
  idempotencyKey: undefined,
  callerIp: () => '203.0.113.9',
  now: NOW,
  maxClockSkew: SKEW,
  maxAge: Number.POSITIVE_INFINITY,
  maxIdAge: Number.POSITIVE_INFINITY,
};

function read(fields: object, changes: Partial<Receipt> = {}) {
  const reading = readEventRequest({ ad_id: 'ad-001', ...fields }, { ...receipt, ...changes });
  if (reading.state !== 'event') throw new Error(reading.details.map(({ message }) => message).join('; '));
  return reading.event;
}

function refuse(body: unknown, changes: Partial<Receipt> = {}) {
  const reading = readEventRequest(body, { ...receipt, ...changes });
  return reading.state === 'event' ? 'taken' : reading.details;
}

describe('an event', () => {
  it('has defaults for the optional fields', () => {
    expect(read({})).toEqual({
      kind: 'click',
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      adId: 'ad-001',
      ip: '203.0.113.9',
      occurredAt: NOW,
      receivedAt: NOW,
    });
    const nothing = { ip: null, video_play_time: null, timestamp: null, click_id: null };
    expect(read(nothing)).toEqual({ ...read({}), id: expect.any(String) });
    expect(read({}).id).not.toBe(read({}).id);
  });

  it('keeps the fields that the player sent', () => {
    const fields = { ip: '2001:db8::1', video_play_time: 30, timestamp: '2026-07-01T11:59:00Z', click_id: ID };
    expect(read(fields)).toEqual({
      kind: 'click',
      id: ID,
      adId: 'ad-001',
      ip: '2001:db8::1',
      occurredAt: NOW - 60_250,
      receivedAt: NOW,
      playTimeMs: 30_000,
    });
  });

  it('has an impression_id and no play time if it is an impression', () => {
    const impression = read({ impression_id: ID, click_id: 7, video_play_time: 'x' }, { kind: 'impression' });
    expect(impression).toMatchObject({ kind: 'impression', id: ID });
    expect(impression).not.toHaveProperty('playTimeMs');
  });
});

describe('the id', () => {
  it.each([
    ['as it is', ID],
    ['in quotes', `"${ID}"`],
    ['in capitals', ID.toUpperCase()],
  ])('is the Idempotency-Key if the body has none: %s', (_name, idempotencyKey) => {
    expect(read({}, { idempotencyKey }).id).toBe(ID);
    expect(read({ click_id: null }, { idempotencyKey }).id).toBe(ID);
  });

  it('is taken from the body before any header', () => {
    expect(read({ click_id: ID.toUpperCase() }, { idempotencyKey: 'not-a-uuid' }).id).toBe(ID);
  });

  it.each(['not-a-uuid', '', `{${ID}}`, `${ID} `, ID.replaceAll('-', '')])('must be a UUID: %j', (bad) => {
    expect(refuse({ ad_id: 'ad-001' }, { idempotencyKey: bad })).toEqual([
      { path: 'Idempotency-Key', message: 'Idempotency-Key must be a UUID' },
    ]);
    expect(refuse({ ad_id: 'ad-001', click_id: bad })).toEqual([
      { path: 'click_id', message: expect.stringMatching(/^click_id (must be a UUID|is not allowed to be empty)$/) },
    ]);
  });
});

describe('an id in the future', () => {
  const DAY = 86_400_000;
  const early = uuidv7(NOW + DAY);
  const late = uuidv7(NOW + DAY + 1);

  it('is accepted up to a day ahead', () => {
    expect(read({ click_id: early }).id).toBe(early);
    expect(read({}, { idempotencyKey: early }).id).toBe(early);
    expect(read({ impression_id: early }, { kind: 'impression' }).id).toBe(early);
  });

  it.each([
    ['click_id', { click_id: late }, {}],
    ['click_id', { click_id: late.toUpperCase() }, {}],
    ['impression_id', { impression_id: late }, { kind: 'impression' as const }],
    ['Idempotency-Key', {}, { idempotencyKey: late }],
    ['Idempotency-Key', { click_id: null }, { idempotencyKey: `"${late}"` }],
  ])('is refused beyond a day, with field and reason: %s', (path, fields, changes) => {
    expect(refuse({ ad_id: 'ad-001', ...fields }, changes)).toEqual([
      {
        path,
        message: `${path} is a UUIDv7 from more than a day in the future; check the clock that generated it`,
      },
    ]);
  });

  it('is accepted in other UUID versions, whose first bits are not a time', () => {
    const chance = `${late.slice(0, 14)}4${late.slice(15)}`;
    expect(read({ click_id: chance }).id).toBe(chance);
  });

  it('is ignored in a field or header that is not used', () => {
    expect(read({ impression_id: late, click_id: early }, { idempotencyKey: late }).id).toBe(early);
  });
});

describe('the time in a UUIDv7', () => {
  const limited = { maxIdAge: 30 * 86_400_000 };
  const oldest = uuidv7(NOW - limited.maxIdAge);
  const older = uuidv7(NOW - limited.maxIdAge - 1);

  it('may be as old as ids are remembered, to the millisecond', () => {
    expect(read({ click_id: oldest }, limited).id).toBe(oldest);
    for (const [path, fields, changes] of [
      ['click_id', { click_id: older.toUpperCase() }, {}],
      ['Idempotency-Key', {}, { idempotencyKey: older }],
    ] as const) {
      expect(readEventRequest({ ad_id: 'ad-001', ...fields }, { ...receipt, ...limited, ...changes })).toEqual({
        state: 'too old',
        details: [{ path, message: `${path} is a UUIDv7 from more than 30 days ago; ids are remembered for 30 days` }],
      });
    }
  });

  it('is not judged in other versions, nor if ids are remembered for ever', () => {
    const chance = `${older.slice(0, 14)}4${older.slice(15)}`;
    expect(read({ click_id: chance }, limited).id).toBe(chance);
    expect(read({ click_id: uuidv7(0) }).id).toMatch(/^00000000/);
  });
});

describe('the time', () => {
  it.each([
    ['2026-07-01T11:00:00Z', Date.UTC(2026, 6, 1, 11)],
    ['2026-07-01T13:00:00+02:00', Date.UTC(2026, 6, 1, 11)],
    ['2026-07-01T06:00:00-05:00', Date.UTC(2026, 6, 1, 11)],
    // A time without an offset is UTC, whatever the time zone of the process.
    ['2026-07-01T11:00:00', Date.UTC(2026, 6, 1, 11)],
    ['2026-07-01T11:00', Date.UTC(2026, 6, 1, 11)],
    ['2026-07-01', Date.UTC(2026, 6, 1)],
    ['1970-01-01T00:00:00Z', 0],
  ])('is accepted as %s', (timestamp, wanted) => {
    const event = read({ timestamp });
    expect(event.occurredAt).toBe(wanted);
    expect(event).not.toHaveProperty('claimedAt');
  });

  it('is trusted up to the allowed clock skew, to the millisecond', () => {
    const at = (time: number) => read({ timestamp: new Date(time).toISOString() });
    expect(at(NOW + SKEW)).toMatchObject({ occurredAt: NOW + SKEW });
    expect(at(NOW + SKEW)).not.toHaveProperty('claimedAt');
    expect(at(NOW + SKEW + 1)).toMatchObject({ occurredAt: NOW, receivedAt: NOW, claimedAt: NOW + SKEW + 1 });
  });

  it('may be as old as `maxAge`, to the millisecond; the age of an accepted event is not checked again', () => {
    const limited = { maxAge: 30 * 86_400_000 };
    const at = (time: number) => ({ ad_id: 'ad-001', timestamp: new Date(time).toISOString() });
    const oldest = NOW - limited.maxAge;
    const event = read(at(oldest), limited);
    expect(event.occurredAt).toBe(oldest);
    expect(decodeEvents(encodeEvents([event]))).toMatchObject({ events: [event], rejected: [] });
    expect(readEventRequest(at(oldest - 1), { ...receipt, ...limited })).toEqual({
      state: 'too old',
      details: [{ path: 'timestamp', message: 'timestamp must not be more than 30 days ago' }],
    });
    expect(refuse(at(NOW - 86_400_001), { maxAge: 86_400_000 })).toEqual([
      { path: 'timestamp', message: 'timestamp must not be more than a day ago' },
    ]);
    expect(read(at(0)).occurredAt).toBe(0);
  });

  it.each([
    'yesterday',
    '',
    '12:00',
    '2026-13-01T00:00:00Z',
    '2026-07-01T25:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '+010000-01-01T00:00:00Z',
    1_767_225_600_000,
    {},
  ])('is refused as %j', (timestamp) => {
    expect(refuse({ ad_id: 'ad-001', timestamp })).toEqual([{ path: 'timestamp', message: expect.any(String) }]);
  });
});

describe('the address', () => {
  it.each([
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::1]:51234', '2001:db8::1'],
    ['unknown', undefined],
    ['10.01.2.3', undefined],
    ['', undefined],
  ])('of the connection is normalised if valid, and ignored otherwise: %s', (text, plain) => {
    expect(readAddress(text)).toBe(plain);
  });

  it.each(['300.1.2.3', '10.01.2.3', '::ffff:10.01.2.3', '10.0.0.0/8', 'localhost', '', 'fe80::1%eth0', 7])(
    'is refused as %j in the body',
    (ip) => {
      expect(refuse({ ad_id: 'ad-001', ip })).toEqual([{ path: 'ip', message: expect.any(String) }]);
    },
  );
});

describe('a body', () => {
  it.each([undefined, null, [], 'text', 7])('is refused if it is not an object: %j', (body) => {
    expect(refuse(body)).toEqual([{ path: '', message: expect.stringMatching(/^body /) }]);
  });

  it('reports every invalid field once', () => {
    const details = refuse({ ad_id: '{a}'.repeat(99), ip: 'x', video_play_time: -0.5, timestamp: 'y', click_id: 'z' });
    if (details === 'taken') throw new Error('it was taken');
    expect(details.map(({ path }) => path).sort()).toEqual(['ad_id', 'click_id', 'ip', 'timestamp', 'video_play_time']);
    for (const { path, message } of details) expect(message.startsWith(path)).toBe(true);
  });

  it('may have unknown fields', () => {
    expect(read({ campaign: 7, nested: { a: [1] } })).toMatchObject({ adId: 'ad-001' });
  });

  it.each([-1, -1e-7, 86_401, 86_400.001, '30', 'NaN', Number.NaN, Number.POSITIVE_INFINITY, 1e300, 1e308, true])(
    'is refused with a play time of %p',
    (seconds) => {
      expect(refuse({ ad_id: 'ad-001', video_play_time: seconds })).toEqual([
        { path: 'video_play_time', message: expect.any(String) },
      ]);
    },
  );

  it.each([
    [0, 0],
    [-0, 0],
    [1e-7, 0],
    [0.0005, 1],
    [0.5, 500],
    [12.345, 12_345],
    [12.345_678_901_234_5, 12_346],
    [86_399.9996, 86_400_000],
    [86_400, 86_400_000],
  ])('is accepted with a play time of %p seconds', (seconds, milliseconds) => {
    expect(read({ video_play_time: seconds }).playTimeMs).toBe(milliseconds);
  });
});

describe('every accepted event', () => {
  // Otherwise ingest would answer 202 and the consumer would dead-letter the event.
  it.each([
    { ip: '::ffff:10.1.2.3' },
    { ip: '2001:DB8::' },
    { ip: '::' },
    { ip: '255.255.255.255' },
    { timestamp: '1970-01-01T00:00:00Z' },
    { timestamp: '9999-12-31T23:59:59.999Z' },
    { timestamp: '2026-07-01T11:00:00.123456789Z' },
    { video_play_time: -0 },
    { video_play_time: 12.345 },
    { video_play_time: 1e-7 },
    { video_play_time: 86_399.9999 },
    { video_play_time: 86_400 },
    { click_id: 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF' },
    { impression_id: ID, video_play_time: 'x' },
  ])('can be decoded by the consumer: %j', (fields) => {
    for (const kind of ['click', 'impression'] as const) {
      const reading = readEventRequest({ ad_id: '!~|z', ...fields }, { ...receipt, kind });
      if (reading.state !== 'event') continue;
      expect(decodeEvents(encodeEvents([reading.event]))).toEqual({
        state: 'decoded',
        events: [reading.event],
        rejected: [],
      });
    }
  });
});
