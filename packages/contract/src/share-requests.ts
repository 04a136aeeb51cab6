import {
  AD_ID,
  AD_ID_RULE,
  type Detail,
  isUuid,
  LONGEST_AD_ID,
  limitedNumber,
  limitedText,
  type ShareFields,
} from '@ads/models';
import Joi from 'joi';
import { name, text, time } from './ad-values.js';
import { checkBody, type Invalid } from './body-check.js';
import { strictReader } from './strict-query.js';

/** The longest life of a share, and that of one without `expires_at`. */
export const MOST_SHARE_DAYS = 366;
export const SHARE_DAYS = 30;

const DAY_MS = 86_400_000;
const PAGE = 1_000;

const adId = () =>
  limitedText(LONGEST_AD_ID).pattern(AD_ID).messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE });

const fields = {
  name: name.invalid(null).required().description('Name of the share, for people: who gets the link, and what for.'),
  ad_id: adId().description('The ad whose numbers the share opens. Either `ad_id` or `campaign` is required.'),
  campaign: text.description('The campaign whose numbers the share opens.'),
  advertiser: text.description(
    'With `campaign`: the only advertiser whose ads the share opens. Default: that of the API key, else the one that all ads of the campaign belong to, else all ads of the campaign.',
  ),
  expires_at: time
    .invalid(null)
    .description(
      `When the share ends, in ISO 8601; UTC without an offset; at most ${MOST_SHARE_DAYS} days ahead. Default: in ${SHARE_DAYS} days. A share ends no later than the API key that creates it.`,
    ),
};

/** The body of `POST /api/v1/shares`. */
export const newShare = Joi.object(fields)
  .required()
  .label('body')
  .messages({ 'object.unknown': `unknown field; a share has the fields ${Object.keys(fields).join(', ')}` });

export type ShareFieldsReading = { readonly state: 'share'; readonly fields: ShareFields } | Invalid;

/** Validates a new share, and fills in the defaults. @param now milliseconds since the epoch */
export function readNewShare(body: unknown, now: number): ShareFieldsReading {
  const checked = checkBody<Partial<ShareFields> & { name: string }>(newShare, body);
  if (checked.state === 'invalid') return checked;
  const expiry = new Date(now + SHARE_DAYS * DAY_MS).toISOString();
  const share = { ad_id: null, campaign: null, advertiser: null, expires_at: expiry, ...checked.value };
  const details = problemsOf(share, now);
  return details.length > 0 ? { state: 'invalid', details } : { state: 'share', fields: share };
}

function problemsOf({ ad_id, campaign, advertiser, expires_at }: ShareFields, now: number): Detail[] {
  const details: Detail[] = [];
  if ((ad_id === null) === (campaign === null)) {
    details.push({ path: 'ad_id', message: 'either ad_id or campaign is required' });
  }
  if (advertiser !== null && campaign === null) {
    details.push({ path: 'advertiser', message: 'advertiser is allowed with campaign only' });
  }
  const end = Date.parse(expires_at);
  if (end <= now || end > now + MOST_SHARE_DAYS * DAY_MS) {
    const message = `expires_at must be in the future, and at most ${MOST_SHARE_DAYS} days ahead`;
    details.push({ path: 'expires_at', message });
  }
  return details;
}

const LONGEST_CURSOR = 36;
const CURSOR_RULE = '{#label} must be the next_cursor of the previous page, unchanged';

/** The query of `GET /api/v1/shares`. */
export const sharesQuery = Joi.object({
  ad_id: adId().description('Only shares of this ad.'),
  campaign: text.description('Only shares of this campaign.'),
  limit: limitedNumber().integer().min(1).max(PAGE).default(PAGE).description('Number of shares on a page.'),
  cursor: limitedText(LONGEST_CURSOR)
    .custom((value: string, helpers) => (isUuid(value) ? value : helpers.error('share.cursor')))
    .messages({ 'string.max': CURSOR_RULE, 'share.cursor': CURSOR_RULE })
    .description('`next_cursor` of the previous page.'),
});

/** A checked query. */
export interface SharesQuery {
  readonly ad_id?: string;
  readonly campaign?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** @param text the part of the URL after the question mark. `cursor` is the id of the last share of the previous page */
export const readSharesQuery = strictReader<SharesQuery>(sharesQuery, 'lists of shares');
