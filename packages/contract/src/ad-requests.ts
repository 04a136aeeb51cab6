import {
  AD_STATUSES,
  type AdFields,
  CLICK_MODES,
  type Detail,
  limitedText,
  NEW_AD_ID,
  RESERVED_AD_IDS,
  readTarget,
  TARGET_MACROS,
} from '@ads/models';
import Joi from 'joi';
import { name, time, url } from './ad-values.js';
import { checkBody, type Invalid } from './body-check.js';
import { companion, media, skipOffset, vastUrl, videoProblems } from './video-fields.js';

const LONGEST_ID = 128;
/** A day: the longest video. */
const LONGEST_DURATION = 86_400;

const ID_RULE = `{#label} must be 1 to ${LONGEST_ID} letters, digits and the characters . _ ~ -`;

const id = limitedText(LONGEST_ID)
  .pattern(NEW_AD_ID)
  .custom((text: string, helpers) => (RESERVED_AD_IDS.has(text) ? helpers.error('ad.reserved') : text))
  .messages({
    'string.max': ID_RULE,
    'string.pattern.base': ID_RULE,
    'ad.reserved': `{#label} must not be one of ${[...RESERVED_AD_IDS].join(', ')}`,
  })
  .description('Id of the ad, which events refer to. It never changes. Default: a new one.');

const targetUrl = url
  .custom((text: string, helpers) => {
    const reading = readTarget(text);
    return reading.state === 'target' ? text : helpers.error('ad.target', { problem: reading.problem });
  })
  .messages({ 'ad.target': '{#label} {#problem}' });

const fields = {
  title: name.description('Name of the ad, for people.'),
  advertiser: name.description('Advertiser, by which reports group.'),
  campaign: name.description('Campaign, by which reports group.'),
  image_url: url.allow('').description('URL of the image, http or https; empty without one.'),
  target_url: targetUrl.description(
    `URL that a click opens, http or https. After the host it may have the macros ${TARGET_MACROS.map((macro) => `\`{${macro}}\``).join(' ')}, which a click-through replaces by their percent-encoded values.`,
  ),
  click_mode: Joi.string()
    .valid(...CLICK_MODES)
    .description(
      '`redirect`: a click opens our URL, which counts it and redirects to `target_url`. `tracking`: a click opens `target_url` itself, and the player reports it.',
    ),
  duration_seconds: Joi.number()
    .min(0.001)
    .max(LONGEST_DURATION)
    .precision(3)
    .allow(null)
    .description('Length of the video in seconds, to the millisecond.'),
  skip_offset: skipOffset,
  media,
  vast_url: vastUrl,
  companion,
  status: Joi.string()
    .valid(...AD_STATUSES)
    .description(
      '`paused` and `archived` ads are marked as no longer served. Their events still count, because players may report late.',
    ),
  starts_at: time.description('Start of the campaign in ISO 8601; UTC without an offset.'),
  ends_at: time.description('End of the campaign, later than `starts_at`.'),
};

const strict = (keys: Joi.SchemaMap) =>
  Joi.object(keys)
    .required()
    .label('body')
    .messages({ 'object.unknown': `unknown field; an ad has the fields ${Object.keys(keys).join(', ')}` });

/** The body of `POST /api/v1/ads`. */
export const newAd = strict({ id, ...fields, target_url: fields.target_url.required() });

/** The body of `PATCH /api/v1/ads/{ad_id}`: the fields to change. */
export const adChange = strict(fields).min(1).messages({ 'object.min': 'body must have at least one field' });

const DEFAULTS: Omit<AdFields, 'target_url'> = {
  title: null,
  advertiser: null,
  campaign: null,
  image_url: '',
  click_mode: 'redirect',
  duration_seconds: null,
  skip_offset: null,
  media: [],
  vast_url: null,
  companion: null,
  status: 'active',
  starts_at: null,
  ends_at: null,
};

/** The fields of an ad, and the id that the client chose. */
export type AdReading = { readonly state: 'ad'; readonly id: string | undefined; readonly fields: AdFields } | Invalid;

/** Validates a new ad, and fills in the defaults. */
export function readNewAd(body: unknown): AdReading {
  const checked = checkBody<Partial<AdFields> & { target_url: string; id?: string }>(newAd, body);
  if (checked.state === 'invalid') return checked;
  const { id: given, ...rest } = checked.value;
  const ad = { ...DEFAULTS, ...rest };
  const details = problemsOf(ad);
  return details.length > 0 ? { state: 'invalid', details } : { state: 'ad', id: given, fields: ad };
}

/** The fields that a PATCH changes. */
export type AdChangeReading = { readonly state: 'change'; readonly change: Partial<AdFields> } | Invalid;

/** Validates the fields to change. {@link problemsOf} validates the changed ad. */
export function readAdChange(body: unknown): AdChangeReading {
  const checked = checkBody<Partial<AdFields>>(adChange, body);
  return checked.state === 'invalid' ? checked : { state: 'change', change: checked.value };
}

/** The problems of the fields with each other. */
export function problemsOf(fields: AdFields): readonly Detail[] {
  return [...dateProblems(fields), ...videoProblems(fields)];
}

function dateProblems({ starts_at: start, ends_at: end }: AdFields): Detail[] {
  if (start === null || end === null || start < end) return [];
  return [{ path: 'ends_at', message: 'ends_at must be later than starts_at' }];
}
