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

  it('ignores unknown fields', () => {
    expect(readAnalyticsQuery('ad_id=ad-001&nocache=1')).toMatchObject({ state: 'query', query: { ad_id: 'ad-001' } });
    expect(readAnalyticsQuery('nocache=1')).toMatchObject({ state: 'query', query: { limit: 50 } });
  });
});
