import {
  AD_STATUSES,
  ADS_SORTS,
  type AdsFilter,
  type AdsPageQuery,
  type AdsSort,
  limitedNumber,
  limitedText,
  readCursor,
} from '@ads/models';
import Joi from 'joi';
import { text } from './ad-values.js';
import { type StrictQueryResult, strictReader } from './strict-query.js';

/** Maximum and default number of ads on a page. */
export const ADS_PAGE = 1_000;

/** The longest cursor: a time and an ad id in Base64 take less than 200 characters. */
const LONGEST_CURSOR = 256;

/** The query of `GET /api/v1/ads`. */
export const adsQuery = Joi.object({
  limit: limitedNumber().integer().min(1).max(ADS_PAGE).default(ADS_PAGE).description('Number of ads on a page.'),
  cursor: limitedText(LONGEST_CURSOR).description('`next_cursor` of the previous page.'),
  sort: Joi.string()
    .valid(...ADS_SORTS)
    .description('`oldest` (default): in the order in which ads were created. `newest`: the reverse.'),
  campaign: text.description('Ads of this campaign only.'),
  advertiser: text.description('Ads of this advertiser only.'),
  status: Joi.string()
    .valid(...AD_STATUSES)
    .description('Ads with this status only.'),
  q: text.description('Ads whose id or title contains this text, in upper or lower case.'),
});

const read = strictReader<AdsFilter & { readonly limit: number; readonly sort?: AdsSort; readonly cursor?: string }>(
  adsQuery,
  'lists of ads',
);

/** @param query the part of the URL after the question mark */
export function readAdsQuery(query: string): StrictQueryResult<AdsPageQuery> {
  const reading = read(query);
  if (reading.state === 'invalid') return reading;
  const { cursor, ...rest } = reading.query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    const message = 'cursor must be the next_cursor of the previous page, unchanged';
    return { state: 'invalid', details: [{ path: 'cursor', message }] };
  }
  return { state: 'query', query: { ...rest, after } };
}
