import {
  type ApiError,
  invalidRequest,
  noTarget,
  prefetchRefused,
  targetTooLong,
  unavailable,
  unknownAd,
} from '../errors.js';
import { ENDPOINTS } from '../paths.js';
import { adId, withRetryAfter } from './parts.js';
import { otherErrors, tooManyEvents } from './shared-responses.js';
import { labelParameters, notCached, SESSION, tagParameter, withCodes } from './tag-parts.js';

const CLICK_ID = '019b7d6c-90ce-8ad5-9c1d-2e4f5a6b7c8d';

const headers = {
  ...notCached('no-store'),
  'X-Robots-Tag': {
    description: 'Keeps the link out of search engines.',
    schema: { type: 'string' },
    example: 'noindex, nofollow',
  },
};

/** An error, for the person who opened the link. @param errors for the message of the description */
function page(description: string, ...errors: readonly ApiError[]) {
  return {
    description: withCodes(description, 'page', errors),
    headers,
    content: {
      'text/html': {
        schema: { type: 'string', description: 'A short page, for people.' },
        example: '<!doctype html>\n<html lang="en">…</html>\n',
      },
    },
  };
}

/** `GET /c/{ad_id}` */
const clickThroughOperation = {
  operationId: 'followLink',
  tags: ['events'],
  summary: 'Count a click and redirect to the target of the ad',
  description: `Counts a click and redirects to the stored \`target_url\`, with its macros replaced. The click is durable before the
redirect if a store answers within \`CLICK_MAX_WAIT_MS\`. Otherwise the redirect is sent first; the click is kept in memory, and
stored as soon as a store answers.

A link counts once however often it is fetched, because the id of the click is derived from \`sid\`, \`cb\` and \`ts\`. A second click
has other values of \`cb\` or \`ts\`. Without a session, the id is derived from \`cb\`, \`ts\`, the address and the user agent. If \`cb\` or
\`ts\` is missing, each fetch is a click of its own.

Paused, archived and expired ads redirect and count. Links of ads whose \`click_mode\` is \`tracking\` count too: their VAST does not
contain this link, so the link was created before the mode was changed, or outside of a VAST, and no pixel counts its clicks. No
parameter changes the host of the target. HEAD redirects and counts nothing; \`{click_id}\` is then empty.`,
  parameters: [
    adId,
    tagParameter(
      'sid',
      'Session of the viewer: a UUIDv7, which `GET /vast/{ad_id}` generates. Replaces `{sid}`.',
      SESSION,
    ),
    ...labelParameters,
    ...[1, 2, 3, 4, 5].map((n) =>
      tagParameter(
        `sub${n}`,
        `Replaces \`{sub${n}}\`. It is not stored. Up to 512 characters are copied into the target.`,
        `value-${n}`,
      ),
    ),
  ],
  responses: {
    302: {
      description: 'The click counts once.',
      headers: {
        ...headers,
        Location: {
          description:
            'The target. Macros are replaced by percent-encoded values. Absent values are empty. If the URL would be longer than 3,000 characters, all values from the request are empty.',
          required: true,
          schema: { type: 'string' },
          example: `https://shop.example.com/shoes?click=${CLICK_ID}`,
        },
        'Referrer-Policy': {
          description: 'Sends the origin of the page, not its path, to the target.',
          schema: { type: 'string' },
          example: 'origin',
        },
      },
    },
    400: page('The path is not valid.', invalidRequest('The path contains an invalid percent-encoding.')),
    404: page('The ad does not exist, or has no valid target.', unknownAd('no-such-ad', 404), noTarget('ad-001')),
    414: page('The URL is longer than 8 KiB.', targetTooLong(8_192)),
    429: withRetryAfter(page('The client has exceeded `RATE_LIMIT_EVENTS_PER_MINUTE`.', tooManyEvents)),
    503: page(
      'The ad is not in memory and cannot be looked up; `Retry-After` has the seconds to wait. Or the request is a prefetch of a browser (`Sec-Purpose`), which is no click.',
      unavailable('The ad cannot be looked up because the catalogue is unavailable; retry later.'),
      prefetchRefused(),
    ),
    ...otherErrors,
  },
};

/** Links contain the path without `/api/v1`. */
export const clickThroughPaths = { [ENDPOINTS.clickThrough.path]: { get: clickThroughOperation } };
