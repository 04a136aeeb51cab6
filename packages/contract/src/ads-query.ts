import { parse } from 'node:querystring';
import { type Detail, detailsOf, limitedNumber, limitedText, type Position, readCursor } from '@ads/models';
import Joi from 'joi';

/** Maximum and default number of ads on a page. */
export const ADS_PAGE = 1_000;

/** The longest cursor: a time and an ad id in Base64 take less than 200 characters. */
const LONGEST_CURSOR = 256;

/** The query of `GET /api/v1/ads`. */
export const adsQuery = Joi.object({
  limit: limitedNumber().integer().min(1).max(ADS_PAGE).default(ADS_PAGE).description('Number of ads on a page.'),
  cursor: limitedText(LONGEST_CURSOR).description('`next_cursor` of the previous page.'),
}).unknown(true);

export type AdsQueryResult =
  | { readonly state: 'query'; readonly limit: number; readonly after: Position | undefined }
  | { readonly state: 'invalid'; readonly details: readonly Detail[] };

/**
 * @param text the part of the URL after the question mark
 * @returns `after` is the creation time, in microseconds since the epoch, and the id of the last ad of the previous page
 */
export function readAdsQuery(text: string): AdsQueryResult {
  const { value, error } = adsQuery.validate(parse(text), { abortEarly: false, errors: { wrap: { label: false } } });
  if (error) return { state: 'invalid', details: detailsOf(error) };
  const { limit, cursor } = value as { limit: number; cursor?: string };
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    const message = 'cursor must be the next_cursor of the previous page, unchanged';
    return { state: 'invalid', details: [{ path: 'cursor', message }] };
  }
  return { state: 'query', limit, after };
}
