import { type AdFields, type Companion, type Detail, limitedText, MEDIA_DELIVERIES, type MediaFile } from '@ads/models';
import Joi from 'joi';
import { name, url } from './ad-values.js';

/* The fields of an ad that a VAST is made from. */

const MOST_MEDIA = 20;
const LONGEST_MEDIA_TYPE = 100;
/** Pixels. */
const LONGEST_SIDE = 16_384;
/** kbit/s */
const GREATEST_BITRATE = 1_000_000;
const LONGEST_SKIP_OFFSET = '00:00:00.000'.length;

const MEDIA_TYPE_RULE = '{#label} must be a MIME type without parameters, such as video/mp4';
const SKIP_OFFSET_RULE = '{#label} must be a time like 00:00:05 or 00:00:05.500, or a share like 25%';
const NO_MACROS =
  '{#label} must have no braces; only target_url of the ad has macros. Percent-encode braces as %7B and %7D';

const side = () => Joi.number().integer().min(1).max(LONGEST_SIDE).required();
const fieldsOnly = (keys: Joi.SchemaMap) =>
  Joi.object(keys).messages({ 'object.unknown': `unknown field; it has the fields ${Object.keys(keys).join(', ')}` });

const mediaFile = fieldsOnly({
  url: url.required().description('URL of the file.'),
  type: limitedText(LONGEST_MEDIA_TYPE)
    .pattern(/^[a-z]+\/[A-Za-z0-9][A-Za-z0-9.+-]*$/)
    .messages({ 'string.max': MEDIA_TYPE_RULE, 'string.pattern.base': MEDIA_TYPE_RULE })
    .required()
    .description('MIME type, such as `video/mp4` or `application/x-mpegURL`.'),
  width: side().description('Width in pixels.'),
  height: side().description('Height in pixels.'),
  bitrate: Joi.number().integer().min(1).max(GREATEST_BITRATE).allow(null).description('Bit rate in kbit/s.'),
  delivery: Joi.string()
    .valid(...MEDIA_DELIVERIES)
    .required()
    .description('`progressive`: a file over HTTP. `streaming`: a manifest, such as HLS.'),
}).custom(
  ({ url, type, width, height, bitrate, delivery }): MediaFile => ({
    url,
    type,
    width,
    height,
    ...(typeof bitrate === 'number' ? { bitrate } : {}),
    delivery,
  }),
);

export const media = Joi.array()
  .items(mediaFile)
  .max(MOST_MEDIA)
  .messages({ 'array.max': `{#label} must have at most ${MOST_MEDIA} files` })
  .description('Files of the video. An ad with files needs `duration_seconds`.');

export const skipOffset = limitedText(LONGEST_SKIP_OFFSET)
  .pattern(/^(?:\d{2}:[0-5]\d:[0-5]\d(?:\.\d{3})?|\d{1,2}%)$/)
  .messages({ 'string.max': SKIP_OFFSET_RULE, 'string.pattern.base': SKIP_OFFSET_RULE })
  .allow(null)
  .description('When a viewer may skip the ad: `HH:MM:SS`, `HH:MM:SS.mmm` or `n%` of its length, as in VAST.');

export const vastUrl = url
  .allow(null)
  .description(
    'VAST tag of another server, which this ad wraps; its media files are then not used. It may have macros of VAST, such as `[CACHEBUSTING]`.',
  );

export const companion = fieldsOnly({
  image_url: url.required().description('URL of the image.'),
  width: side().description('Width in pixels.'),
  height: side().description('Height in pixels.'),
  target_url: url
    .pattern(/^[^{}]*$/, 'braces')
    .messages({ 'string.pattern.name': NO_MACROS })
    .allow(null)
    .description('URL that a click on the image opens.'),
  alt_text: name.description('Text that describes the image.'),
})
  .custom(
    ({ image_url, width, height, target_url = null, alt_text = null }): Companion => ({
      image_url,
      width,
      height,
      target_url,
      alt_text,
    }),
  )
  .allow(null)
  .description('Image beside the video.');

/** The problems of these fields with each other. */
export function videoProblems({ media, duration_seconds: duration, skip_offset: offset }: AdFields): Detail[] {
  if (duration === null) {
    if (media.length === 0) return [];
    return [{ path: 'duration_seconds', message: 'duration_seconds is required for an ad with media files' }];
  }
  if (offset === null || (secondsOf(offset) ?? 0) < duration) return [];
  return [{ path: 'skip_offset', message: 'skip_offset must be less than duration_seconds' }];
}

/** The seconds of `HH:MM:SS` or `HH:MM:SS.mmm`; undefined for `n%`. */
function secondsOf(offset: string): number | undefined {
  const [hours, minutes, seconds] = offset.split(':').map(Number);
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  return hours * 3_600 + minutes * 60 + seconds;
}
