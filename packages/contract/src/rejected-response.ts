import Joi from 'joi';
import { REJECTED_OUTCOMES } from './rejected-events.js';

const time = Joi.string().isoDate().required();

/** `GET /api/v1/ads/events/rejected` */
export const rejectedResponse = Joi.object({
  rejected: Joi.array()
    .items(
      Joi.object({
        outcome: Joi.string()
          .valid(...REJECTED_OUTCOMES)
          .required()
          .description(
            '`rejected`: the request or event was answered with an error, and nothing is stored. `not_counted`: the event is stored, and invalid because of its tag. `no_ad`: `/vast` answered with a document without an ad.',
          ),
        path: Joi.string()
          .allow(null)
          .required()
          .description('The path without `/api/v1`, such as `/t/{event}`; null with `not_counted`.'),
        error: Joi.string()
          .required()
          .description('The code of the error; the verdict with `not_counted`; `not_served` with `no_ad`.'),
        message: Joi.string().required().description('The cause, and what to do. At most 300 characters.'),
        ad_id: Joi.string()
          .allow(null)
          .required()
          .description(
            'The ad id of the request, cut to 128 characters, and without control characters; null without one.',
          ),
        count: Joi.number().integer().min(1).required().description('How often it happened since `first_at`.'),
        first_at: time.description('When it happened first.'),
        last_at: time.description('When it happened last.'),
      }),
    )
    .required()
    .description('The rejections of the last hour, the latest first; equal ones are one element.'),
  not_listed: Joi.number()
    .integer()
    .min(0)
    .allow(null)
    .required()
    .description(
      'Rejections in the last hour or longer that have no element of their own, because too many different ones came; null for a key of one advertiser.',
    ),
  complete: Joi.boolean()
    .required()
    .description(
      'False while Redis is unavailable: then the list is that of one replica of ingest. For a key of one advertiser also false while Postgres is unavailable: then rejections of its ads may be missing.',
    ),
});
