import { limitedNumber } from '@ads/models';
import Joi from 'joi';
import { strictReader } from './strict-query.js';

/** Maximum and default number of changes on a page. */
const HISTORY_PAGE = 100;

/** The query of `GET /api/v1/ads/{ad_id}/history`. */
export const adHistoryQuery = Joi.object({
  limit: limitedNumber()
    .integer()
    .min(1)
    .max(HISTORY_PAGE)
    .default(HISTORY_PAGE)
    .description('Number of changes on a page.'),
  cursor: limitedNumber()
    .integer()
    .min(1)
    .messages({ '*': '{#label} must be the next_cursor of the previous page, unchanged' })
    .description('`next_cursor` of the previous page.'),
});

/** @param text the part of the URL after the question mark. `cursor` is the id of the last change of the previous page */
export const readAdHistoryQuery = strictReader<{ readonly limit: number; readonly cursor?: number }>(
  adHistoryQuery,
  'histories of ads',
);
