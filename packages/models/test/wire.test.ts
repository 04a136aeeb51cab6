import { describe, expect, it } from '@jest/globals';
import {
  type AdEvent,
  CODES,
  createWireReader,
  decodeEvents,
  encodeEvents,
  INVALID_VERDICTS,
  isIngestVerdict,
  KINDS,
  uuidv7,
  wireReader,
} from '../src/index.js';
import { seeded } from './seeded.js';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

const plain: AdEvent = {
  kind: 'click',
  id: uuidv7(NOW),
  adId: 'ad-001',
  ip: '203.0.113.9',
  occurredAt: NOW - 1_000,
  receivedAt: NOW,
};

/** The encoded form of `plain` with some fields changed; undefined removes a field. */
function wireEvent(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const message = JSON.parse(encodeEvents([plain]).toString());
  return { ...message.events[0], ...changes };
}

function decodeText(text: string) {
  return decodeEvents(Buffer.from(text));
}

describe('a message of events', () => {
  it('is decoded to the encoded events, with all optional fields and both address families', () => {
    const events: AdEvent[] = [
      plain,
      { ...plain, kind: 'impression', id: uuidv7(NOW), ip: '2001:db8::1' },
      { ...plain, id: uuidv7(NOW), claimedAt: NOW + 86_400_000, playTimeMs: 0, adId: 'Größe'.replace(/[^!-z]/g, '~') },
      { ...plain, id: uuidv7(NOW), occurredAt: 0, playTimeMs: 86_400_000, ip: '::ffff:10.0.0.1' },
      { ...plain, id: uuidv7(NOW), playTimeMs: 12_345 },
      { ...plain, id: uuidv7(NOW), playTimeMs: 1 },
      { ...plain, kind: 'thirdQuartile', id: uuidv7(NOW) },
      {
        ...plain,
        id: uuidv7(NOW),
        labels: { session_id: '"\\', placement: '😀'.repeat(64), device: 'tv', country: 'DE' },
      },
      { ...plain, kind: 'error', id: uuidv7(NOW), labels: { source: 'a b', error_code: '402' } },
      ...INVALID_VERDICTS.filter(isIngestVerdict).map((verdict) => ({ ...plain, id: uuidv7(NOW), verdict })),
      { ...plain, id: uuidv7(NOW), labels: { placement: 'a' }, verdict: 'bot', viewer: '-9223372036854775808' },
      { ...plain, kind: 'impression', id: uuidv7(NOW), viewer: '9223372036854775807' },
      { ...plain, kind: 'mute', id: uuidv7(NOW), viewer: '0' },
    ];
    expect(decodeEvents(encodeEvents(events))).toEqual({ state: 'decoded', events, rejected: [] });
  });

  it('may be empty', () => {
    expect(decodeEvents(encodeEvents([]))).toEqual({ state: 'decoded', events: [], rejected: [] });
  });

  it('decodes ids in lower case', () => {
    const decoded = decodeText(JSON.stringify({ v: 1, events: [wireEvent({ id: plain.id.toUpperCase() })] }));
    expect(decoded).toMatchObject({ events: [{ id: plain.id }] });
  });

  it.each([
    [{ l: 'top' }, 'l'],
    [{ l: { placement: 7 } }, 'placement'],
    [{ l: { source: '' } }, 'source'],
    [{ l: { session_id: 'a\u0000b' } }, 'session_id'],
    [{ l: { country: 'x'.repeat(65) } }, 'country'],
  ])('rejects labels that Postgres cannot store or that are too long: %j', (changes, name) => {
    const decoded = decodeText(JSON.stringify({ v: 1, events: [wireEvent({ k: '2c', ...changes })] }));
    expect(decoded).toMatchObject({ events: [], rejected: [{ reason: `${name} is not a label` }] });
  });

  it.each([
    [{ vd: 'valid' }, 'unknown verdict "valid"'],
    [{ vd: 'flood' }, 'unknown verdict "flood"'],
    [{ vd: 3 }, 'unknown verdict 3'],
    [{ vd: null }, 'unknown verdict null'],
    ...[0, null, '', '-', '-0', '01', '+1', '1.5', '9223372036854775808', '-9223372036854775809', '1'.repeat(20)].map(
      (vw): [Record<string, unknown>, string] => [{ vw }, 'vw is not a viewer'],
    ),
  ])(
    'rejects a verdict that ingest does not make, and a viewer that is not a 64-bit integer: %j',
    (changes, reason) => {
      const decoded = decodeText(JSON.stringify({ v: 1, events: [wireEvent({ k: '3c', ...changes })] }));
      expect(decoded).toMatchObject({ events: [], rejected: [{ reason }] });
    },
  );

  it('ignores unknown fields of a newer ingest', () => {
    const decoded = decodeText(JSON.stringify({ v: 1, sent: NOW, events: [wireEvent({ device: 'tv' })] }));
    expect(decoded).toEqual({ state: 'decoded', events: [plain], rejected: [] });
  });
});

describe('during a rolling update', () => {
  it('a consumer of the previous release sets events with labels aside for a newer one', () => {
    const before = createWireReader(new Map([...CODES].filter(([code]) => code === 'c' || code === 'i')));
    const labelled: AdEvent = { ...plain, id: uuidv7(NOW), labels: { placement: 'top' } };
    expect(before.decode(encodeEvents([plain, labelled]))).toMatchObject({
      events: [plain],
      rejected: [{ version: 2 }],
    });
  });

  it('a consumer of the previous release sets events with a verdict or a viewer aside, and reads all others', () => {
    const before = createWireReader(new Map([...CODES].filter(([code]) => !String(code).startsWith('3'))));
    const others: AdEvent[] = [
      plain,
      { ...plain, id: uuidv7(NOW), kind: 'start' },
      { ...plain, labels: { source: 'a' } },
    ];
    const judged = KINDS.flatMap((kind): AdEvent[] => [
      { ...plain, id: uuidv7(NOW), kind, verdict: 'datacenter' },
      { ...plain, id: uuidv7(NOW), kind, viewer: '7', labels: { source: 'a' } },
    ]);
    const bytes = encodeEvents([...others, ...judged]);
    expect(before.decode(bytes)).toEqual({
      state: 'decoded',
      events: others,
      rejected: judged.map(() => ({ value: expect.anything(), reason: 'wire version 3, this reads 2', version: 3 })),
    });
    expect(decodeEvents(bytes)).toEqual({ state: 'decoded', events: [...others, ...judged], rejected: [] });
  });

  it('a consumer of the previous release reads the play time in whole seconds', () => {
    for (const playTimeMs of [0, 1, 999, 1_000, 12_345, 86_399_999, 86_400_000]) {
      const message = JSON.parse(encodeEvents([{ ...plain, playTimeMs }]).toString());
      expect(message).toMatchObject({ v: 1, events: [{ pt: Math.floor(playTimeMs / 1_000) }] });
    }
  });

  it('this release reads the messages of the previous release', () => {
    expect(decodeText(JSON.stringify({ v: 1, events: [wireEvent({ pt: 30 })] }))).toEqual({
      state: 'decoded',
      events: [{ ...plain, playTimeMs: 30_000 }],
      rejected: [],
    });
  });
});

describe('an event or message of a newer release', () => {
  const OWN = wireReader.version;
  const NEXT = OWN + 1;
  const newer = (code: string, more = {}) => ({ ...wireEvent({ k: code }), ...more });
  const text = (...events: readonly unknown[]) => JSON.stringify({ v: 1, events });

  it('is reported with its version, and the events beside it are decoded', () => {
    const started = newer(`${NEXT}s`, { quartile: 1 });
    const clicked = newer('217c', { placement: 'top' });
    const decoded = decodeText(text(wireEvent(), started, wireEvent(), clicked));
    expect(decoded).toEqual({
      state: 'decoded',
      events: [plain, plain],
      rejected: [
        { value: started, reason: `wire version ${NEXT}, this reads ${OWN}`, version: NEXT },
        { value: clicked, reason: `wire version 217, this reads ${OWN}`, version: 217 },
      ],
    });
  });

  it('is reported with its version if the message has another form', () => {
    expect(decodeText(`{"v":${NEXT},"columns":{}}`)).toEqual({
      state: 'unreadable',
      reason: `wire version ${NEXT}, this reads ${OWN}`,
      version: NEXT,
    });
  });

  it('is decoded by that release, which also decodes events of older releases', () => {
    const { decode } = createWireReader(new Map([...CODES, [`${NEXT}c`, 'click'], [`${NEXT + 1}i`, 'impression']]));
    const events = [wireEvent(), newer(`${NEXT}c`), newer(`${NEXT + 1}i`), newer(`${NEXT + 2}x`)];
    expect(decode(Buffer.from(text(...events)))).toEqual({
      state: 'decoded',
      events: [plain, plain, { ...plain, kind: 'impression' }],
      rejected: [{ value: events[3], reason: `wire version ${NEXT + 2}, this reads ${NEXT + 1}`, version: NEXT + 2 }],
    });
  });

  it.each(['x', '1x', '02s', '2', '2S', '2s ', '2s3', '1000s', '-2s', '2.5s'])(
    'is not recognised by the code %j, which no release uses',
    (code) => {
      const value = newer(code);
      const rejected = [{ value, reason: `unknown kind "${code}"` }];
      expect(decodeText(text(value))).toEqual({ state: 'decoded', events: [], rejected });
    },
  );
});

describe('the bytes of earlier releases', () => {
  const id = '019aa6f7-1c00-7000-8000-000000000000';
  const event = { id, adId: 'ad-"1"', ip: '203.0.113.9', occurredAt: 1_700_000_000_001, receivedAt: 1_700_000_000_002 };
  const common = `"id":"${id}","ad":"ad-\\"1\\"","ip":"203.0.113.9","at":1700000000001,"rx":1700000000002`;
  /** Add the events of each new version, and never change a line: messages of the previous release may wait in the queue. */
  const written: Readonly<Record<string, AdEvent>> = {
    [`{"k":"c",${common},"raw":1800000000000,"pt":12,"pm":12345}`]: {
      ...event,
      kind: 'click',
      claimedAt: 1_800_000_000_000,
      playTimeMs: 12_345,
    },
    [`{"k":"i",${common}}`]: { ...event, kind: 'impression' },
    [`{"k":"2c",${common},"pt":0,"l":{"session_id":"s","placement":"top","source":"a b","device":"tv","country":"DE"}}`]:
      {
        ...event,
        kind: 'click',
        playTimeMs: 0,
        labels: { session_id: 's', placement: 'top', source: 'a b', device: 'tv', country: 'DE' },
      },
    [`{"k":"2tq",${common}}`]: { ...event, kind: 'thirdQuartile' },
    [`{"k":"2e",${common},"l":{"error_code":"402"}}`]: { ...event, kind: 'error', labels: { error_code: '402' } },
    [`{"k":"3i",${common},"l":{"placement":"top"},"vd":"bot","vw":"-1"}`]: {
      ...event,
      kind: 'impression',
      labels: { placement: 'top' },
      verdict: 'bot',
      viewer: '-1',
    },
    [`{"k":"3s",${common},"vw":"7"}`]: { ...event, kind: 'start', viewer: '7' },
  };
  const bytes = `{"v":1,"events":[${Object.keys(written).join()}]}`;
  const events = Object.values(written);

  it('equal those that this release writes', () => {
    expect(encodeEvents(events).toString()).toBe(bytes);
  });

  it('are decoded by this release', () => {
    expect(decodeText(bytes)).toEqual({ state: 'decoded', events, rejected: [] });
  });

  it('include an event of each version that this release reads', () => {
    const versions = Object.keys(written).map((text) => Number(/"k":"(\d*)/.exec(text)?.[1] || 1));
    const known = Array.from({ length: wireReader.version }, (_, before) => before + 1);
    expect([...new Set(versions)]).toEqual(known);
  });
});

describe('an unreadable message', () => {
  it.each([
    ['no bytes at all', '', /not JSON/],
    ['text', 'click!', /not JSON/],
    ['half a message', encodeEvents([plain]).toString().slice(0, -3), /not JSON/],
    ['null', 'null', /not a JSON object/],
    ['an array', '[]', /not a JSON object/],
    ['a number', '1', /not a JSON object/],
    ['no version', '{"events":[]}', /wire version undefined/],
    ['a version in another type', '{"v":"1","events":[]}', /wire version "1"/],
    ['a version before the first', '{"v":0,"events":[]}', /wire version 0, this reads/],
    ['a version of more than three digits', '{"v":1000,"events":[]}', /wire version 1000, this reads/],
    ['no events', '{"v":1}', /"events" is not an array/],
    ['events as an object', '{"v":1,"events":{}}', /"events" is not an array/],
  ])('is reported: %s', (_what, text, reason) => {
    expect(decodeText(text)).toEqual({ state: 'unreadable', reason: expect.stringMatching(reason) });
  });

  it('is reported if its bytes are not UTF-8', () => {
    const bytes = encodeEvents([plain]);
    bytes[bytes.indexOf('ad-001')] = 0xff;
    expect(decodeEvents(bytes)).toMatchObject({ state: 'unreadable', reason: expect.stringMatching(/not JSON/) });
  });

  // JSON.parse accepts a depth at which JSON.stringify overflows the stack: the reason must not contain the value.
  const abyss = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

  it('is reported if it is nested very deep', () => {
    expect(decodeText(abyss).state).toBe('unreadable');
    expect(decodeText(`{"v":${abyss},"events":[]}`)).toMatchObject({ state: 'unreadable' });
    const good = JSON.stringify(wireEvent());
    expect(decodeText(`{"v":1,"events":[{"k":${abyss}},${good}]}`)).toMatchObject({
      state: 'decoded',
      events: [plain],
      rejected: [{ reason: expect.stringMatching(/kind/) }],
    });
  });

  it('has a short reason, whatever the length of the value', () => {
    const long = 'x'.repeat(100_000);
    const decoded = decodeText(JSON.stringify({ v: long, events: [] }));
    expect(decoded.state === 'unreadable' && decoded.reason.length).toBeLessThan(200);
  });
});

describe('an invalid event', () => {
  const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

  it.each<[string, unknown, RegExp]>([
    ['text', 'click', /not an object/],
    ['null', null, /not an object/],
    ['an array', [], /not an object/],
    ['an unknown kind', wireEvent({ k: 'x' }), /unknown kind "x"/],
    ['no kind', wireEvent({ k: undefined }), /unknown kind undefined/],
    ['no id', wireEvent({ id: undefined }), /id is not a UUID/],
    ['an id that is not a UUID', wireEvent({ id: `${plain.id}0` }), /id is not a UUID/],
    ['an ad id with a brace', wireEvent({ ad: 'ad{1}' }), /not an ad id/],
    ['an empty ad id', wireEvent({ ad: '' }), /not an ad id/],
    ['an ad id that is too long', wireEvent({ ad: 'a'.repeat(129) }), /not an ad id/],
    ['an ad id with a zero byte', wireEvent({ ad: 'ad\0' }), /not an ad id/],
    ['an ad id with a line end', wireEvent({ ad: 'ad-001\n' }), /not an ad id/],
    ['no address', wireEvent({ ip: 'localhost' }), /ip is not an address/],
    ['an address with a zone', wireEvent({ ip: 'fe80::1%eth0' }), /ip is not an address/],
    ['a network', wireEvent({ ip: '10.0.0.0/8' }), /ip is not an address/],
    ['a time as text', wireEvent({ at: String(NOW) }), /at is not a time/],
    ['a time before 1970', wireEvent({ at: -1 }), /at is not a time/],
    ['a time between milliseconds', wireEvent({ at: NOW + 0.5 }), /at is not a time/],
    ['a time after the year 9999', wireEvent({ at: LAST + 1 }), /at is not a time/],
    ['no time of receipt', wireEvent({ rx: undefined }), /rx is not a time/],
    ['a claimed time that is null', wireEvent({ raw: null }), /raw is not a time/],
    ['a negative play time', wireEvent({ pt: -1 }), /pt is not a play time/],
    ['a play time of more than a day', wireEvent({ pt: 86_401 }), /pt is not a play time/],
    ['a play time that is not a whole number', wireEvent({ pt: 1.5 }), /pt is not a play time/],
    ['a fraction of a millisecond', wireEvent({ pt: 1, pm: 1_234.5 }), /pm is not a play time/],
    ['milliseconds of more than a day', wireEvent({ pm: 86_400_001 }), /pm is not a play time/],
    ['milliseconds as text', wireEvent({ pm: '1' }), /pm is not a play time/],
  ])('is rejected with a reason, and the events beside it are kept: %s', (_what, value, reason) => {
    const decoded = decodeText(JSON.stringify({ v: 1, events: [wireEvent(), value, wireEvent()] }));
    expect(decoded).toMatchObject({
      state: 'decoded',
      events: [plain, plain],
      rejected: [{ reason: expect.stringMatching(reason) }],
    });
  });

  it('is returned with its value', () => {
    const value = wireEvent({ at: 'now' });
    expect(decodeText(JSON.stringify({ v: 1, events: [value] }))).toMatchObject({ rejected: [{ value }] });
  });

  it('is not reported for the last millisecond of the year 9999', () => {
    expect(decodeText(JSON.stringify({ v: 1, events: [wireEvent({ at: LAST })] }))).toMatchObject({ rejected: [] });
  });
});

describe('any bytes', () => {
  const random = seeded(20_261_122);
  const pick = (below: number) => Math.floor(random() * below);

  /** Checks the guarantees of decoding: one of two states, no event is missing, every accepted event can be stored. */
  function expectSound(bytes: Uint8Array): string {
    const decoded = decodeEvents(bytes);
    if (decoded.state === 'unreadable') {
      expect(decoded.reason).not.toBe('');
      return 'unreadable';
    }
    for (const { reason } of decoded.rejected) expect(reason).not.toBe('');
    expect(decodeEvents(encodeEvents(decoded.events))).toEqual({ ...decoded, rejected: [] });
    return decoded.rejected.length > 0 ? 'rejected' : 'decoded';
  }

  it('are decoded without an exception, after any damage', () => {
    const seen = { unreadable: 0, rejected: 0, decoded: 0 } as Record<string, number>;
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = Buffer.from(encodeEvents([plain, { ...plain, kind: 'impression', playTimeMs: 3_500 }]));
      for (let damage = 0; damage <= pick(3); damage += 1) bytes[pick(bytes.length)] = pick(256);
      const end = random() < 0.1 ? pick(bytes.length) : bytes.length;
      const state = expectSound(bytes.subarray(0, end));
      seen[state] = (seen[state] ?? 0) + 1;
    }
    // Otherwise the damage never changed the outcome.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });

  it('are decoded without an exception, whatever the types of fields', () => {
    const values = [null, true, 0, -1, 1.5, 1e308, '', '\0', '\ud800', 'c', [], [[]], {}, { v: 1 }, plain.id, 2 ** 53];
    const fields = ['k', 'id', 'ad', 'ip', 'at', 'rx', 'raw', 'pt', 'pm'];
    for (let round = 0; round < 3_000; round += 1) {
      const event = wireEvent();
      for (let change = 0; change <= pick(3); change += 1)
        event[fields[pick(fields.length)] ?? ''] = values[pick(values.length)];
      const message: Record<string, unknown> = { v: 1, events: [event, wireEvent()] };
      if (random() < 0.1) message[random() < 0.5 ? 'v' : 'events'] = values[pick(values.length)];
      expectSound(Buffer.from(JSON.stringify(message)));
    }
  });
});
