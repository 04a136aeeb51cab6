import {
  ADVERTISER_SCOPES,
  type Detail,
  isUuid,
  KEY_SCOPES,
  type KeyFields,
  type KeyScope,
  limitedNumber,
  limitedText,
} from '@ads/models';
import Joi from 'joi';
import { name, time } from './ad-values.js';
import { checkBody, type Invalid } from './body-check.js';
import { strictReader } from './strict-query.js';

/** Maximum and default number of keys on a page. */
const KEYS_PAGE = 1_000;

const fields = {
  name: name.invalid(null).required().description('Name of the key, for people: who has it, and what for.'),
  scopes: Joi.array()
    .items(
      Joi.string()
        .valid(...KEY_SCOPES)
        .label('scopes'),
    )
    .min(1)
    .max(KEY_SCOPES.length)
    .unique()
    .required()
    .description(
      'What the key may do. `manage`: change ads, and read stored events. `read`: read ads, counters, reports and live streams. `events`: send events to the JSON endpoints. `stitch`: report the viewer in `X-Device-IP` and `X-Device-User-Agent`.',
    ),
  advertiser: name.description(
    `The only advertiser whose ads the key may see and change; such a key has the scopes ${ADVERTISER_SCOPES.join(' and ')} only. Default: all ads.`,
  ),
  expires_at: time.description('When the key ends, in ISO 8601; UTC without an offset. Default: never.'),
};

/** The body of `POST /api/v1/keys`. */
export const newKey = Joi.object(fields)
  .required()
  .label('body')
  .messages({ 'object.unknown': `unknown field; a key has the fields ${Object.keys(fields).join(', ')}` });

export type KeyFieldsReading = { readonly state: 'key'; readonly fields: KeyFields } | Invalid;

/** Validates a new key, and fills in the defaults. @param now milliseconds since the epoch */
export function readNewKey(body: unknown, now: number): KeyFieldsReading {
  const checked = checkBody<Partial<KeyFields> & { name: string; scopes: KeyScope[] }>(newKey, body);
  if (checked.state === 'invalid') return checked;
  const key = { advertiser: null, expires_at: null, ...checked.value };
  const details = problemsOf(key, now);
  return details.length > 0 ? { state: 'invalid', details } : { state: 'key', fields: key };
}

function problemsOf({ scopes, advertiser, expires_at: end }: KeyFields, now: number): Detail[] {
  const details: Detail[] = [];
  if (end !== null && Date.parse(end) <= now) {
    details.push({ path: 'expires_at', message: 'expires_at must be in the future' });
  }
  if (advertiser !== null && !scopes.every((scope) => ADVERTISER_SCOPES.includes(scope))) {
    const message = `scopes must be ${ADVERTISER_SCOPES.join(' or ')} only, because the key is for one advertiser`;
    details.push({ path: 'scopes', message });
  }
  return details;
}

const LONGEST_CURSOR = 36;
const CURSOR_RULE = '{#label} must be the next_cursor of the previous page, unchanged';

/** The query of `GET /api/v1/keys`. */
export const keysQuery = Joi.object({
  limit: limitedNumber().integer().min(1).max(KEYS_PAGE).default(KEYS_PAGE).description('Number of keys on a page.'),
  cursor: limitedText(LONGEST_CURSOR)
    .custom((text: string, helpers) => (isUuid(text) ? text : helpers.error('key.cursor')))
    .messages({ 'string.max': CURSOR_RULE, 'key.cursor': CURSOR_RULE })
    .description('`next_cursor` of the previous page.'),
});

/** @param text the part of the URL after the question mark. `cursor` is the id of the last key of the previous page */
export const readKeysQuery = strictReader<{ readonly limit: number; readonly cursor?: string }>(
  keysQuery,
  'lists of keys',
);
