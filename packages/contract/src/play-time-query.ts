import { AD_ID, AD_ID_RULE, LONGEST_AD_ID, limitedText } from '@ads/models';
import Joi from 'joi';
import { ownText } from './own-text.js';
import { type StrictQueryResult, strictReader } from './strict-query.js';

/** The query of `GET /api/v1/ads/analytics/play-time`. */
export const playTimeQuery = Joi.object({
  ad_id: limitedText(LONGEST_AD_ID)
    .pattern(AD_ID)
    .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
    .required()
    .description('Id of the ad.'),
});

/** A checked query. */
export interface PlayTimeQuery {
  readonly ad_id: string;
}

const readStrictly = strictReader<PlayTimeQuery>(playTimeQuery, 'play times');

/** @param text the part of the URL after the question mark */
export function readPlayTimeQuery(text: string): StrictQueryResult<PlayTimeQuery> {
  const result = readStrictly(text);
  return result.state === 'invalid' ? result : { state: 'query', query: { ad_id: ownText(result.query.ad_id) } };
}
