import Joi from 'joi';
import { EVENT_KINDS, perKind } from './kinds.js';
import { WINDOWS } from './windows.js';

/*
 * What the API answers, as schemas: the OpenAPI document shows them, and the contract tests hold every answer to them.
 */

const count = Joi.number().integer().min(0);
const time = Joi.string().isoDate();
const uuid = Joi.string().guid();

/** `GET /api/v1/ads` */
export const adsResponse = Joi.object({
  ads: Joi.array()
    .items(
      Joi.object({
        id: Joi.string().required(),
        image_url: Joi.string().required(),
        target_url: Joi.string().required(),
        created_at: time.required(),
      }),
    )
    .required(),
  count: count.required().description('Ads in this answer.'),
  next_cursor: Joi.string()
    .allow(null)
    .required()
    .description('Give it as `cursor` for the next page; null on the last.'),
});

/** `POST /api/v1/ads/<kind>`, 202: the event is durable. */
export const eventResponses = perKind((kind) => {
  const { idField, label } = EVENT_KINDS[kind];
  return Joi.object({
    message: Joi.string().valid(`${label} recorded`).required(),
    [idField]: uuid.required(),
    ad_id: Joi.string().required(),
    timestamp: time.required(),
    processing: Joi.string().valid('asynchronous').required(),
  });
});

const counters = {
  ad_id: Joi.string().required(),
  total_clicks: count.required(),
  impressions: count.required(),
  ctr: Joi.number()
    .min(0)
    .allow(null)
    .required()
    .description('Clicks per impression, all time; null without impressions.'),
  time_frames: Joi.object(Object.fromEntries(WINDOWS.map(({ field }) => [field, count.required()]))).required(),
};
const timeframe = Joi.string().valid(...WINDOWS.map((window) => window.timeframe));
const source = Joi.string().valid('redis', 'postgres').required();

/** `GET /api/v1/ads/analytics?ad_id=` */
export const adAnalyticsResponse = Joi.object({
  ...counters,
  timeframe: timeframe.description('As asked.'),
  clicks: count.description('In the timeframe that was asked.'),
  source,
  timestamp: time.required(),
});

/** `GET /api/v1/ads/analytics` without an ad: busiest first. */
export const allAnalyticsResponse = Joi.object({
  total_ads: count.required(),
  timeframe: timeframe.allow(null).required().description('As asked; null: ordered by total clicks.'),
  analytics: Joi.array()
    .items(Joi.object({ ...counters, timeframe, clicks: count }))
    .required(),
  next_cursor: Joi.string()
    .allow(null)
    .required()
    .description('Give it as `cursor` for the next page; null on the last.'),
  source,
  generated_at: time.required(),
});

/** Every error, whatever its status. */
export const errorResponse = Joi.object({
  error: Joi.string().required().description('A code for programs.'),
  message: Joi.string().required().description('A sentence for people.'),
  details: Joi.array()
    .items(Joi.object({ path: Joi.string().allow('').required(), message: Joi.string().required() }))
    .required(),
  request_id: Joi.string().required(),
});
