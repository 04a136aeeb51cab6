import { AD_ID, AD_ID_RULE, LONGEST_AD_ID, limitedText } from '@ads/models';
import Joi from 'joi';
import { strictReader, timeParameter } from './strict-query.js';

/** The longest range of diagnostics. */
export const MAX_QUALITY_DAYS = 7;

/** The query of `GET /api/v1/ads/analytics/quality`. */
export const qualityQuery = Joi.object({
  ad_id: limitedText(LONGEST_AD_ID)
    .pattern(AD_ID)
    .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
    .required()
    .description('Id of the ad.'),
  from: timeParameter().description(
    `Start: a date (its midnight in UTC) or an ISO 8601 time with an offset; a whole quarter of an hour, at most ${MAX_QUALITY_DAYS} days before \`to\`. Default: 24 hours before \`to\`.`,
  ),
  to: timeParameter().description('End, not included; in the same form as `from`. Default: now.'),
});

/** A checked query. */
export interface QualityQuery {
  readonly ad_id: string;
  readonly from?: string;
  readonly to?: string;
}

/** @param text the part of the URL after the question mark */
export const readQualityQuery = strictReader<QualityQuery>(qualityQuery, 'diagnostics');
