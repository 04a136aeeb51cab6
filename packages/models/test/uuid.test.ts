import { describe, expect, it } from '@jest/globals';
import { derivedId, isDerived, isFarAhead, isTooOld, isUuid, timeOfUuidv7, uuidv7 } from '../src/index.js';

const NOW = Date.UTC(2026, 10, 22, 12, 34, 56, 789);

describe('uuidv7', () => {
  it('has the version, the variant, and the time in its first 48 bits', () => {
    for (let i = 0; i < 1_000; i += 1) {
      const id = uuidv7(NOW);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(id.replace(/-/g, '').slice(0, 12), 16)).toBe(NOW);
      expect(isUuid(id)).toBe(true);
    }
  });

  it('pads the time with zeros', () => {
    expect(uuidv7(0)).toMatch(/^00000000-0000-7/);
    expect(uuidv7(0xabc)).toMatch(/^00000000-0abc-7/);
  });

  it('never repeats an id within a millisecond', () => {
    const ids = new Set(Array.from({ length: 100_000 }, () => uuidv7(NOW)));
    expect(ids.size).toBe(100_000);
  });

  it('sorts by time as text, and therefore in the database', () => {
    const times = [0, 1, 255, 256, 65_535, 65_536, NOW - 1, NOW, NOW + 1, 2 ** 48 - 1];
    const ids = times.map(uuidv7);
    expect([...ids].sort()).toEqual(ids);
  });

  it('has 74 independent random bits', () => {
    const rounds = 1_000;
    // Leaves out the version and the variant, which lie above and between the random bits.
    const positions = [...Array(62).keys(), ...Array.from({ length: 12 }, (_, bit) => bit + 64)];
    const ids = Array.from({ length: rounds }, () => {
      const digits = BigInt(`0x${uuidv7(NOW).replace(/-/g, '')}`)
        .toString(2)
        .padStart(128, '0');
      return positions.map((bit) => digits.charAt(127 - bit));
    });
    // 1,000 coin tosses differ by 160 from their mean once in 10^23 trials.
    const isFair = (count: number) => Math.abs(count - rounds / 2) < 160;
    const unfair: number[][] = [];
    for (const [a, bit] of positions.entries()) {
      if (!isFair(ids.filter((bits) => bits[a] === '1').length)) unfair.push([bit]);
      for (const [b, other] of positions.slice(0, a).entries()) {
        if (!isFair(ids.filter((bits) => bits[a] === bits[b]).length)) unfair.push([other, bit]);
      }
    }
    expect(unfair).toEqual([]);
  });
});

describe('isUuid', () => {
  it('accepts any version and letter case, and no surrounding text', () => {
    expect(isUuid('F47AC10B-58CC-4372-A567-0E02B2C3D479')).toBe(true);
    expect(isUuid('00000000-0000-0000-0000-000000000000')).toBe(true);
    for (const text of ['', 'f47ac10b58cc4372a5670e02b2c3d479', '{f47ac10b-58cc-4372-a567-0e02b2c3d479}']) {
      expect(isUuid(text)).toBe(false);
    }
    expect(isUuid('f47ac10b-58cc-4372-a567-0e02b2c3d479\n')).toBe(false);
    expect(isUuid('g47ac10b-58cc-4372-a567-0e02b2c3d479')).toBe(false);
  });
});

describe('isFarAhead', () => {
  const DAY = 86_400_000;

  it.each([0, 1, 210, 211, 999, 86_400_000])(
    'allows one day to the millisecond, at %i ms after a fixed time',
    (offset) => {
      const now = NOW + offset;
      expect(isFarAhead(uuidv7(now + DAY), now)).toBe(false);
      expect(isFarAhead(uuidv7(now + DAY + 1), now)).toBe(true);
    },
  );

  it('allows all past times, and none further ahead than a day', () => {
    for (const time of [0, 1, NOW - DAY, NOW, NOW + 1]) expect(isFarAhead(uuidv7(time), NOW)).toBe(false);
    for (const time of [NOW + 2 * DAY, NOW + 14 * DAY, Date.UTC(2109, 0), 2 ** 48 - 1]) {
      expect(isFarAhead(uuidv7(time), NOW)).toBe(true);
    }
  });

  it('ignores other versions, whose first bits are random or a hash', () => {
    const id = uuidv7(NOW + 14 * DAY);
    for (const version of '012345689abcdef') {
      expect(isFarAhead(`${id.slice(0, 14)}${version}${id.slice(15)}`, NOW)).toBe(false);
    }
  });
});

describe('derivedId', () => {
  it('is the same UUIDv8 for the same time and parts, and begins with the time', () => {
    const id = derivedId(NOW, ['sid', 'ad-001', 'start', '']);
    expect(id).toBe(derivedId(NOW, ['sid', 'ad-001', 'start', '']));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8ad5-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([isUuid(id), isDerived(id), isDerived(uuidv7(NOW))]).toEqual([true, true, false]);
    expect(id.slice(0, 13)).toBe(uuidv7(NOW).slice(0, 13));
  });

  it('is that of the former release, which may count the same URL', () => {
    const parts = ['s-1', 'ad-001', 'start', ''];
    expect(derivedId(1_700_000_000_001, parts)).toBe('018bcfe5-6801-8ad5-897a-4639a8dcd485');
  });

  it('differs if any part or a boundary between two parts differs', () => {
    const parts = [['a', 'b'], ['a', 'c'], ['ab', ''], ['', 'ab'], ['a","b'], ['a', 'b', ''], ['a\0b']];
    expect(new Set(parts.map((one) => derivedId(NOW, one))).size).toBe(parts.length);
    const many = Array.from({ length: 50_000 }, (_, index) => derivedId(NOW, [String(index)]));
    expect(new Set(many).size).toBe(many.length);
    expect(new Set(many.map((id) => id.charAt(19)))).toEqual(new Set('89ab'));
  });

  it('has the age limits of a UUIDv7, which other UUIDv8 do not have', () => {
    const DAY = 86_400_000;
    const [early, late] = [derivedId(NOW - DAY - 1, ['x']), derivedId(NOW + DAY + 1, ['x'])];
    expect([isTooOld(early, NOW, DAY), isTooOld(derivedId(NOW - DAY, ['x']), NOW, DAY)]).toEqual([true, false]);
    expect([isFarAhead(late, NOW), isFarAhead(derivedId(NOW + DAY, ['x']), NOW)]).toEqual([true, false]);
    const foreign = (id: string) => id.replace('-8ad5-', '-8ad6-');
    expect([isTooOld(foreign(early), NOW, DAY), isFarAhead(foreign(late), NOW)]).toEqual([false, false]);
  });
});

it.each([
  [uuidv7(NOW), NOW],
  [uuidv7(NOW).toUpperCase(), NOW],
  [uuidv7(0), 0],
  ['f47ac10b-58cc-4372-a567-0e02b2c3d479', undefined],
  [`${uuidv7(NOW)}0`, undefined],
  [uuidv7(NOW).replaceAll('-', '_'), undefined],
  ['[SID]', undefined],
  ['', undefined],
])('the time of the UUIDv7 %s is %s', (text, time) => {
  expect(timeOfUuidv7(text)).toBe(time);
});
