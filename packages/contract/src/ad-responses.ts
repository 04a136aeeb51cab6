import { AD_STATUSES, CLICK_MODES, MEDIA_DELIVERIES, SHARED_AD_FIELDS } from '@ads/models';
import Joi from 'joi';
import { nextCursor } from './responses.js';

/* Schemas of the responses about ads. */

const time = Joi.string().isoDate();
const count = Joi.number().integer().min(0);
const nullableText = Joi.string().allow(null).required();

const side = Joi.number().integer().min(1).required();

const mediaFile = Joi.object({
  url: Joi.string().required().description('URL of the file.'),
  type: Joi.string().required().description('MIME type.'),
  width: side.description('Width in pixels.'),
  height: side.description('Height in pixels.'),
  bitrate: Joi.number().description('Bit rate in kbit/s.'),
  delivery: Joi.string()
    .valid(...MEDIA_DELIVERIES)
    .required()
    .description('`progressive`: a file over HTTP. `streaming`: a manifest.'),
});

const companion = Joi.object({
  image_url: Joi.string().required().description('URL of the image.'),
  width: side.description('Width in pixels.'),
  height: side.description('Height in pixels.'),
  target_url: nullableText.description('URL that a click on the image opens.'),
  alt_text: nullableText.description('Text that describes the image.'),
});

/** The fields that clients set, as the API answers them. */
const fields = {
  title: nullableText.description('Name of the ad, for people.'),
  advertiser: nullableText.description('Advertiser, by which reports group.'),
  campaign: nullableText.description('Campaign, by which reports group.'),
  image_url: Joi.string().allow('').required().description('URL of the image; empty without one.'),
  target_url: Joi.string().allow('').required().description('URL that a click opens.'),
  click_mode: Joi.string()
    .valid(...CLICK_MODES)
    .required()
    .description('Whether a click opens our URL, which redirects, or the target itself.'),
  duration_seconds: Joi.number().allow(null).required().description('Length of the video in seconds.'),
  skip_offset: nullableText.description('When a viewer may skip the ad: a time, or a share of its length.'),
  media: Joi.array().items(mediaFile).required().description('Files of the video.'),
  vast_url: nullableText.description('VAST tag of another server, which the ad wraps.'),
  companion: companion.allow(null).required().description('Image beside the video.'),
  status: Joi.string()
    .valid(...AD_STATUSES)
    .required()
    .description('State of the ad. Its events count in every state.'),
  starts_at: time.allow(null).required().description('Start of the campaign.'),
  ends_at: time.allow(null).required().description('End of the campaign.'),
};

const adFields = {
  id: Joi.string().required().description('Id of the ad.'),
  ...fields,
  created_at: time.required().description('When the ad was registered.'),
  updated_at: time.required().description('When the ad was last changed, to the microsecond.'),
};

/** `GET /api/v1/ads/{ad_id}`, and the ad after a change. */
export const adResponse = Joi.object(adFields);

/** `GET /api/v1/ads/{ad_id}` of a share. */
export const sharedAdResponse = Joi.object(Object.fromEntries(SHARED_AD_FIELDS.map((name) => [name, adFields[name]])));

/** `GET /api/v1/ads` */
export const adsResponse = Joi.object({
  ads: Joi.array().items(adResponse).required().description('The ads of this page, in the order of `sort`.'),
  count: count.required().description('Number of ads on this page.'),
  next_cursor: nextCursor(),
});

/** `POST /api/v1/ads/import` */
export const adImportResponse = Joi.object({
  created: count.required().description('Number of ads that were created; 0 with `mode=check`.'),
  rejected: count.required().description('Number of lines that were rejected.'),
  results: Joi.array()
    .items(
      Joi.object({
        line: count
          .required()
          .description('Line number. For a CSV record with line breaks, the number of its last line.'),
        status: Joi.string()
          .valid('created', 'valid', 'rejected')
          .required()
          .description('Whether the ad was created. `valid`: it was not, because of `mode=check`.'),
        id: Joi.string().description('Id of the ad; only of created ones.'),
        details: Joi.array()
          .items(
            Joi.object({
              path: Joi.string().allow('').required().description('Name of the field; empty for the whole line.'),
              message: Joi.string().required().description('The problem.'),
            }),
          )
          .description('The problems of the line; only of rejected ones.'),
      }),
    )
    .required()
    .description('A result for each line, in order.'),
});

/** `GET /api/v1/ads/{ad_id}/history` */
export const adHistoryResponse = Joi.object({
  ad_id: Joi.string().required().description('Id of the ad.'),
  changes: Joi.array()
    .items(
      Joi.object({
        changed_at: time.required().description('When the change was made.'),
        changed_by: Joi.string()
          .required()
          .description('Name of the API key with its id in parentheses; `admin` for `ADMIN_API_KEY`.'),
        action: Joi.string().valid('created', 'changed', 'archived').required().description('What was done.'),
        old: Joi.object()
          .unknown(true)
          .allow(null)
          .required()
          .description('The values of the changed fields before; null for a new ad.'),
        new: Joi.object()
          .unknown(true)
          .required()
          .description('The values of the changed fields after; for a new ad, the whole ad.'),
      }),
    )
    .required()
    .description('The changes through the API, newest first.'),
  next_cursor: nextCursor(),
});

/** `GET /api/v1/ads/{ad_id}/tags` */
export const adTagsResponse = Joi.object({
  ad_id: Joi.string().required().description('Id of the ad.'),
  vast_url: Joi.string().required().description('URL of the VAST document, for a player or an ad server.'),
  impression_pixel: Joi.string().required().description('HTML: an image that counts an impression.'),
  click_url: Joi.string().required().description('URL that counts a click and redirects to the target.'),
  click_link: Joi.string().required().description('HTML: a link to `click_url`.'),
  ping_link: nullableText.description(
    'HTML: a link to the target itself, with `ping`, by which the browser reports the click. Some browsers, such as Firefox, disable `ping` by default. null if the target is not a URL.',
  ),
  player_script: Joi.string()
    .required()
    .description('HTML: the browser snippet, which reports what the first video of the page plays.'),
  curl: Joi.string().required().description('Shell command that reports a click.'),
  video_js: Joi.string()
    .required()
    .description('JavaScript module: an example that plays the VAST with video.js and @dailymotion/vast-client.'),
});
