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
import { adId, otherErrors, tooManyEvents, withRetryAfter } from './parts.js';
import { labelParameters, notCached, SESSION, tagParameter, withCodes } from './tag-parts.js';

const CLICK_ID = '019b7d6c-90ce-8ad5-9c1d-2e4f5a6b7c8d';

const headers = {
  ...notCached('no-store'),
  'X-Robots-Tag': {
    description: 'Search engines do not list the link.',
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
  description: `The link of an ad: counts a click and redirects to the stored \`target_url\`, with its macros replaced. The click is durable before the redirect if a store answers within 200 ms; otherwise the redirect is sent, and the click is kept in memory and retried. The same link counts once however often it is fetched, because the id of the click is derived from \`sid\`, \`cb\` and \`ts\`; a second click has other values of \`cb\` or \`ts\`. Without a session an id is derived from \`cb\`, \`ts\`, the address and the user agent; if \`cb\` or \`ts\` is missing, each fetch is a click.

Paused, archived and expired ads redirect and count. Links of ads whose \`click_mode\` is \`tracking\` count too. Their VAST does not contain this link, so a link that is opened was created before the mode changed, or outside of a VAST, and no pixel counts its clicks. No parameter changes the host of the target. HEAD redirects and counts nothing, and \`{click_id}\` is empty.`,
  parameters: [
    adId,
    tagParameter('sid', 'Session of the viewer: a UUIDv7, which `GET /vast/{ad_id}` makes. Replaces `{sid}`.', SESSION),
    ...labelParameters,
    ...[1, 2, 3, 4, 5].map((n) =>
      tagParameter(
        `sub${n}`,
        `Replaces \`{sub${n}}\`. It is not stored; up to 512 characters are forwarded.`,
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
          description: 'The target gets the origin of the page only.',
          schema: { type: 'string' },
          example: 'origin',
        },
      },
    },
    400: page('The path is not valid.', invalidRequest('The path contains an invalid percent-encoding.')),
    404: page('The ad does not exist, or has no valid target.', unknownAd('no-such-ad', 404), noTarget('ad-001')),
    414: page('The URL is longer than 8 KiB.', targetTooLong(8_192)),
    429: withRetryAfter(page('The client has exceeded its limit of events.', tooManyEvents)),
    503: page(
      'The ad is not in memory and cannot be looked up; `Retry-After` tells when to open the link again. Or the request is a prefetch of a browser (`Sec-Purpose`), which is no click.',
      unavailable('The ad cannot be looked up because the catalogue is unavailable; retry later.'),
      prefetchRefused(),
    ),
    ...otherErrors,
  },
};

/** Links contain the path without `/api/v1`. */
export const clickThroughPaths = { [ENDPOINTS.clickThrough.path]: { get: clickThroughOperation } };
