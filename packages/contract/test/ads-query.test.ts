import { writeCursor } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { readAdsQuery } from '../src/index.js';

const paths = (text: string) => {
  const reading = readAdsQuery(text);
  return reading.state === 'invalid' ? reading.details.map(({ path }) => path) : reading.query;
};
const cursorOf = (text: string) => `cursor=${Buffer.from(text).toString('base64url')}`;

describe('the query of the list of ads', () => {
  it('returns the first 1,000 ads by default, and refuses unknown parameters', () => {
    expect(paths('')).toEqual({ limit: 1_000, after: undefined });
    expect(paths('limit=1&campain=y')).toEqual(['campain']);
  });

  it('reads the position that a cursor was written from', () => {
    for (const position of [
      [1_767_225_600_123_456, 'ad-001'],
      [-1, '|"~!'],
      [Number.MAX_SAFE_INTEGER, 'x'.repeat(128)],
    ] as const) {
      expect(paths(`cursor=${writeCursor(position)}`)).toEqual({ limit: 1_000, after: position });
    }
  });

  it('has filters', () => {
    const filter = {
      campaign: 'spring & summer',
      advertiser: '50 %',
      status: 'paused',
      q: 'Größe',
      sort: 'newest',
    } as const;
    expect(paths(new URLSearchParams(filter).toString())).toEqual({ limit: 1_000, after: undefined, ...filter });
    expect(paths('sort=id&campaign=&advertiser=a&advertiser=b&status=gone&q=%00')).toEqual([
      'sort',
      'campaign',
      'advertiser',
      'status',
      'q',
    ]);
    expect(paths(`q=${'x'.repeat(201)}`)).toEqual(['q']);
  });

  it.each(['0', '1001', '-1', '1.5', 'x', '', '1e9', 'NaN', '1&limit=2'])('refuses a limit of %j', (limit) => {
    expect(paths(`limit=${limit}`)).toEqual(['limit']);
  });

  it.each([
    'cursor=',
    'cursor=%00',
    `cursor=${'A'.repeat(257)}`,
    'cursor=MSBh&cursor=MSBh',
    ...[
      '',
      ' ',
      'a',
      '1',
      '1 ',
      ' a',
      '1 a b',
      '1 {',
      '1.5 a',
      '1e3 a',
      'NaN a',
      '9007199254740993 a',
      '1 a\0',
      '1 é',
    ].map(cursorOf),
    cursorOf(`1 ${'a'.repeat(129)}`),
  ])('refuses %j, which no response contains as a cursor', (query) => {
    expect(paths(query)).toEqual(['cursor']);
  });
});
