import { AD_ID, AD_ID_RULE, type Detail, LONGEST_AD_ID, limitedText } from '@ads/models';
import Joi from 'joi';
import { ownText } from './own-text.js';
import { strictReader } from './strict-query.js';

/** Maximum number of ads of one stream. */
export const LIVE_ADS = 50;

const adId = limitedText(LONGEST_AD_ID)
  .pattern(AD_ID)
  .messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE })
  .label('ad_id');

/** The query of `GET /api/v1/ads/analytics/live`. */
export const liveQuery = Joi.object({
  ad_id: Joi.array()
    .items(adId)
    .max(LIVE_ADS)
    .prefs({ abortEarly: true })
    .description(`Id of an ad; repeatable, up to ${LIVE_ADS} times. Default: all ads together.`),
});

export type LiveQueryResult =
  | {
      readonly state: 'query';
      /** The ids of the ads, each once; undefined for all ads together. */
      readonly adIds: readonly string[] | undefined;
    }
  | { readonly state: 'invalid'; readonly details: Detail[] };

const read = strictReader<{ readonly ad_id?: readonly string[] }>(liveQuery, 'live streams');

/** @param text the part of the URL after the question mark */
export function readLiveQuery(text: string): LiveQueryResult {
  const result = read(text);
  if (result.state === 'invalid') return result;
  const { ad_id: given } = result.query;
  return { state: 'query', adIds: given && [...new Set(given)].map(ownText) };
}
