import { parse } from 'node:querystring';
import { detailsOf } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { analyticsQuery, readAnalyticsQuery } from '../src/index.js';

/** The result of the schema, without unknown fields. */
function bySchema(text: string) {
  const options = { abortEarly: false, errors: { wrap: { label: false } }, stripUnknown: true } as const;
  const { value, error } = analyticsQuery.validate(parse(text), options);
  return error ? { state: 'invalid', details: detailsOf(error) } : { state: 'query', query: value };
}

const AD_IDS = [
  '',
  'ad_id=',
  'ad_id=ad-001',
  'ad_id=a%20d',
  'ad_id=%7B',
  'ad_id=a&ad_id=b',
  `ad_id=${'x'.repeat(129)}`,
];
const TIMEFRAMES = ['', 'timeframe=1h', 'timeframe=24h', 'timeframe=', 'timeframe=2h', 'timeframe=1m&timeframe=5m'];
const PAGES = ['', 'limit=10', 'limit=0', 'limit=', 'limit=1&limit=2', 'cursor=abc', 'cursor=', 'limit=5&cursor=x'];

describe('readAnalyticsQuery', () => {
  it.each(AD_IDS.flatMap((adId) => TIMEFRAMES.map((timeframe) => [adId, timeframe])))(
    'agrees with the schema for %j and %j, on any page',
    (...fields) => {
      for (const page of PAGES) {
        const text = [...fields, page].filter((field) => field !== '').join('&');
        expect([text, readAnalyticsQuery(text)]).toEqual([text, bySchema(text)]);
      }
    },
  );

  it('refuses unknown parameters, names them, and says where those of reports belong', () => {
    const unknown = 'unknown parameter; analytics answers have the parameters ad_id, timeframe, limit, cursor';
    for (const rest of ['', 'ad_id=ad-001&', 'ad_id=ad-001&timeframe=1h&', 'limit=10&']) {
      expect(readAnalyticsQuery(`${rest}nocache=1&from=2026-11-01&__proto__=1`)).toEqual({
        state: 'invalid',
        details: [
          { path: 'nocache', message: unknown },
          { path: 'from', message: 'from is a parameter of /api/v1/ads/analytics/report' },
          { path: '__proto__', message: unknown },
        ],
      });
    }
    for (const name of ['from', 'to', 'interval', 'tz', 'group_by']) {
      const message = expect.stringContaining('/analytics/report');
      expect(readAnalyticsQuery(`ad_id=a&${name}=`)).toEqual({ state: 'invalid', details: [{ path: name, message }] });
    }
  });

  it('names ten unknown parameters at most, and 64 characters of each name', () => {
    const result = readAnalyticsQuery(
      Array.from({ length: 11 }, (_, index) => `${'x'.repeat(65)}${index}=1`).join('&'),
    );
    if (result.state !== 'invalid') throw new Error('the query is valid');
    expect(result.details.map(({ path }) => path)).toEqual(Array.from({ length: 10 }, () => 'x'.repeat(64)));
  });
});
