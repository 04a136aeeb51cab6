import { type ParsedUrlQuery, parse } from 'node:querystring';
import {
  AD_ID,
  AD_ID_RULE,
  type Detail,
  detailsOf,
  LONGEST_AD_ID,
  limitedNumber,
  limitedText,
  type Timeframe,
  WINDOWS,
  windowOf,
} from '@ads/models';
import Joi from 'joi';
import { ownText } from './own-text.js';

const TIMEFRAMES = WINDOWS.map((window) => window.timeframe);

/** Maximum number of ads on a page. */
const MAX_PAGE = 500;
const DEFAULT_PAGE = 50;
/** The longest cursor: a number and an ad id, as JSON in Base64, take less than 400 characters. */
const LONGEST_CURSOR = 512;

/** The query of `GET /api/v1/ads/analytics`. */
export const analyticsQuery = Joi.object({
  ad_id: limitedText(LONGEST_AD_ID)
    .pattern(AD_ID)
    .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
    .description('Id of an ad. Default: all ads, those with the most clicks first.'),
  timeframe: Joi.string()
    .valid(...TIMEFRAMES)
    .messages({ 'any.only': `timeframe must be one of ${TIMEFRAMES.join(', ')}` })
    .description('A sliding window. The response then contains the `clicks` in it, and all ads are ordered by them.'),
  limit: limitedNumber().integer().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).description('Number of ads on a page.'),
  cursor: limitedText(LONGEST_CURSOR).description('`next_cursor` of the previous page.'),
}).unknown(true);

/** A checked query. */
export interface AnalyticsQuery {
  readonly ad_id?: string;
  readonly timeframe?: Timeframe;
  readonly limit: number;
  readonly cursor?: string;
}

export type AnalyticsQueryResult =
  | { readonly state: 'query'; readonly query: AnalyticsQuery }
  | { readonly state: 'invalid'; readonly details: Detail[] };

/** @param text the part of the URL after the question mark */
export function readAnalyticsQuery(text: string): AnalyticsQueryResult {
  const fields = parse(text);
  if (typeof fields.ad_id === 'string') fields.ad_id = ownText(fields.ad_id);
  const common = readCommonQuery(fields);
  if (common !== undefined) return { state: 'query', query: common };
  const { value, error } = analyticsQuery.validate(fields, { abortEarly: false, errors: { wrap: { label: false } } });
  return error ? { state: 'invalid', details: detailsOf(error) } : { state: 'query', query: value as AnalyticsQuery };
}

/** Reads the most frequent queries, one ad with or without a timeframe, without joi, which takes ten times as long. */
function readCommonQuery({ ad_id, timeframe, limit, cursor }: ParsedUrlQuery): AnalyticsQuery | undefined {
  if (typeof ad_id !== 'string' || !AD_ID.test(ad_id) || limit !== undefined || cursor !== undefined) return undefined;
  if (timeframe === undefined) return { ad_id, limit: DEFAULT_PAGE };
  const window = typeof timeframe === 'string' ? windowOf(timeframe) : undefined;
  return window && { ad_id, timeframe: window.timeframe, limit: DEFAULT_PAGE };
}
