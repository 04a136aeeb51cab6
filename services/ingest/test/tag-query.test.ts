import { describe, expect, it } from '@jest/globals';
import { readPlayhead, readTimestamp } from '../src/tags/macro-values.js';
import { readTagQuery } from '../src/tags/tag-query.js';

function read(query: string) {
  const unfilled: string[] = [];
  return { ...readTagQuery(query, (macro) => unfilled.push(macro)), ...(unfilled.length > 0 ? { unfilled } : {}) };
}

describe('the query of a tag', () => {
  it.each<[string, object]>([
    ['', {}],
    ['ad_id=a', { ad_id: 'a' }],
    ['&&ad_id=a&=b&c', { ad_id: 'a' }],
    ['ad_id=a%2Bb+c', { ad_id: 'a+b+c' }],
    ['pl=a+b&placement=c&src=d%26', { placement: 'a b', source: 'd&' }],
    ['pl=&placement=c', {}],
    ['sub1=%F0%9F%98%80&sub2=%E9&sub3=%&sub4=%zz', { sub1: '😀' }],
    ['__proto__=x&constructor=y&AD_ID=z', {}],
    [`sub1=${'x'.repeat(2_048)}&sub2=${'x'.repeat(2_049)}`, { sub1: 'x'.repeat(2_048) }],
    [`${'x&'.repeat(99)}sid=1&f=b`, { sid: '1' }],
  ])('%.60s is read as %.60j', (query, expected) => {
    expect(read(query)).toEqual(expected);
  });

  it.each([
    '',
    '-1',
    '-2',
    '[TIMESTAMP]',
    '%5BTIMESTAMP%5D',
    '%255BTIMESTAMP%255d',
    '%%TIMESTAMP%%',
    '%25%25TIMESTAMP%25%25',
    '{ts}',
    '%24%7BTS%7D',
    'undefined',
    'null',
    'NaN',
  ])('has no value where the player left %s', (value) => {
    // A broken percent-encoding is no value either, and no macro.
    expect(read(`ts=${value}`)).toEqual(value.startsWith('%%') ? {} : { unfilled: ['TIMESTAMP'] });
  });

  it.each(['0', '-3', '[a] b', 'nullable', '{', '[', '%5B'])('has a value where the player sent %s', (value) => {
    expect(read(`cb=${value}`)).toEqual({ cb: decodeURIComponent(value) });
  });
});

it.each<[string, string | undefined]>([
  ['2016-01-17T8:15:07.127-05', '2016-01-17T13:15:07.127Z'],
  ['2016-01-17T08:15:07.127-0530', '2016-01-17T13:45:07.127Z'],
  ['2016-01-17T08:15:07-05:00', '2016-01-17T13:15:07.000Z'],
  ['2016-01-17T08:15:07 02', '2016-01-17T06:15:07.000Z'],
  ['2016-01-17T08:15:07,5+02:00', '2016-01-17T06:15:07.500Z'],
  ['2016-01-17T08:15:07.123456789Z', '2016-01-17T08:15:07.123Z'],
  ['2016-01-17t08:15:07z', '2016-01-17T08:15:07.000Z'],
  ['2016-01-17T08:15:07', '2016-01-17T08:15:07.000Z'],
  ['2016-02-30T08:15:07Z', undefined],
  ['1969-12-31T23:59:59Z', undefined],
  ['2016-01-17T25:15:07Z', undefined],
  ['2016-01-17T08:15:07+99:00', undefined],
  ['1453018507127', undefined],
])('[TIMESTAMP] %s is %s', (text, time) => {
  const found = readTimestamp(text);
  expect(found === undefined ? undefined : new Date(found).toISOString()).toBe(time);
});

it.each<[string, number | undefined]>([
  ['00:00:12.345', 12.345],
  ['1:02:03', 3_723],
  ['00:60:00', undefined],
  ['12.345', undefined],
  ['-1', undefined],
])('[ADPLAYHEAD] %s is %s seconds', (text, seconds) => {
  expect(readPlayhead(text)).toBe(seconds);
});
