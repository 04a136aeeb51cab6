import { type ParsedUrlQuery, parse } from 'node:querystring';
import {
  AD_ID,
  AD_ID_RULE,
  LONGEST_AD_ID,
  limitedNumber,
  limitedText,
  type Timeframe,
  WINDOWS,
  windowOf,
} from '@ads/models';
import Joi from 'joi';
import { ownText } from './own-text.js';
import { API_PREFIX, ENDPOINTS } from './paths.js';
import { reportQuery } from './report-query.js';
import { parametersOf, type StrictQueryResult, strictReader } from './strict-query.js';

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
    .description(
      'A sliding window. The response then contains its clicks, impressions and CTR, and all ads are ordered by its clicks.',
    ),
  limit: limitedNumber().integer().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).description('Number of ads on a page.'),
  cursor: limitedText(LONGEST_CURSOR).description('`next_cursor` of the previous page.'),
});

/** A checked query. */
export interface AnalyticsQuery {
  readonly ad_id?: string;
  readonly timeframe?: Timeframe;
  readonly limit: number;
  readonly cursor?: string;
}

const OWN = parametersOf(analyticsQuery);
/** The parameters that only reports have. */
const OF_REPORTS = Object.keys(parametersOf(reportQuery)).filter((name) => !Object.hasOwn(OWN, name));

const readStrictly = strictReader<AnalyticsQuery>(analyticsQuery, 'analytics answers', (name) =>
  OF_REPORTS.includes(name) ? `${name} is a parameter of ${API_PREFIX}${ENDPOINTS.report.path}` : undefined,
);

/** @param text the part of the URL after the question mark */
export function readAnalyticsQuery(text: string): StrictQueryResult<AnalyticsQuery> {
  const query = readCommonQuery(parse(text));
  const result = query === undefined ? readStrictly(text) : ({ state: 'query', query } as const);
  if (result.state === 'invalid' || result.query.ad_id === undefined) return result;
  return { state: 'query', query: { ...result.query, ad_id: ownText(result.query.ad_id) } };
}

/** Reads the most frequent queries, one ad with or without a timeframe, without joi, which takes ten times as long. */
function readCommonQuery(fields: ParsedUrlQuery): AnalyticsQuery | undefined {
  const { ad_id, timeframe } = fields;
  if (typeof ad_id !== 'string' || !AD_ID.test(ad_id)) return undefined;
  if (Object.keys(fields).length > (timeframe === undefined ? 1 : 2)) return undefined;
  if (timeframe === undefined) return { ad_id, limit: DEFAULT_PAGE };
  const window = typeof timeframe === 'string' ? windowOf(timeframe) : undefined;
  return window && { ad_id, timeframe: window.timeframe, limit: DEFAULT_PAGE };
}
