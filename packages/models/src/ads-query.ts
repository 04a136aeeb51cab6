import { parse } from 'node:querystring';
import Joi from 'joi';
import { AD_ID } from './event.js';
import { type Detail, detailsOf } from './event-requests.js';
import { limitedNumber, limitedText } from './limited.js';

/** The most ads on one page, and how many there are on one where the query names no limit. */
export const ADS_PAGE = 1_000;

/** The longest cursor: a time and an ad id in Base64 take less than 200 characters. */
const LONGEST_CURSOR = 256;

/** The query of `GET /api/v1/ads`. */
export const adsQuery = Joi.object({
  limit: limitedNumber().integer().min(1).max(ADS_PAGE).default(ADS_PAGE).description('Ads per page.'),
  cursor: limitedText(LONGEST_CURSOR).description('`next_cursor` of the page before.'),
}).unknown(true);

/** Where a page of the list ended: creation time in microseconds since the epoch, and id. */
export type AdsPosition = readonly [createdAt: number, id: string];

export type AdsQueryReading =
  | { readonly state: 'query'; readonly limit: number; readonly after: AdsPosition | undefined }
  | { readonly state: 'invalid'; readonly details: readonly Detail[] };

/** @param text the part of the URL after the question mark */
export function readAdsQuery(text: string): AdsQueryReading {
  const { value, error } = adsQuery.validate(parse(text), { abortEarly: false, errors: { wrap: { label: false } } });
  if (error) return { state: 'invalid', details: detailsOf(error) };
  const { limit, cursor } = value as { limit: number; cursor?: string };
  const after = cursor === undefined ? undefined : readAdsCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    const message = 'cursor must be the next_cursor of the previous page, unchanged';
    return { state: 'invalid', details: [{ path: 'cursor', message }] };
  }
  return { state: 'query', limit, after };
}

export function writeAdsCursor([createdAt, id]: AdsPosition): string {
  return Buffer.from(`${createdAt} ${id}`).toString('base64url');
}

function readAdsCursor(cursor: string): AdsPosition | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const space = text.indexOf(' ');
  const [time, id] = [text.slice(0, space), text.slice(space + 1)];
  const createdAt = Number(time);
  // Whole microseconds: years 1684 to 2255.
  const isTime = /^-?\d{1,16}$/.test(time) && Number.isSafeInteger(createdAt);
  return isTime && AD_ID.test(id) ? [createdAt, id] : undefined;
}
