import Joi from 'joi';
import { AD_ID } from './event.js';
import { type Timeframe, WINDOWS } from './windows.js';

const TIMEFRAMES = WINDOWS.map((window) => window.timeframe);

/** The most ads that one page shows. */
const MAX_PAGE = 500;

/** The query of `GET /api/v1/ads/analytics`. */
export const analyticsQuery = Joi.object({
  ad_id: Joi.string().pattern(AD_ID).description('One ad. Without it: all, busiest first.'),
  timeframe: Joi.string()
    .valid(...TIMEFRAMES)
    .messages({ 'any.only': `timeframe must be one of ${TIMEFRAMES.join(', ')}` })
    .description('Adds the clicks of this window, and orders the list by it.'),
  limit: Joi.number().integer().min(1).max(MAX_PAGE).default(50).description('Ads per page.'),
  cursor: Joi.string().max(512).description('`next_cursor` of the page before.'),
}).unknown(true);

/** A checked query. */
export interface AnalyticsQuery {
  readonly ad_id?: string;
  readonly timeframe?: Timeframe;
  readonly limit: number;
  readonly cursor?: string;
}
