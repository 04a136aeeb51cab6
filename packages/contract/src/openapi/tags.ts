import {
  type ApiError,
  invalidFields,
  payloadTooLarge,
  targetTooLong,
  unavailable,
  unknownAd,
  unknownEvent,
} from '../errors.js';
import { ENDPOINTS } from '../paths.js';
import { clickThroughPaths } from './click-through.js';
import { otherErrors, tooManyEvents, withRetryAfter } from './parts.js';
import { labelParameters, notCached, SESSION, tagParameter, withCodes } from './tag-parts.js';

const gif = {
  'image/gif': {
    schema: {
      type: 'string',
      contentMediaType: 'image/gif',
      description: 'A transparent GIF of one pixel, 43 bytes.',
    },
    example: 'GIF89a…',
  },
};

const headers = notCached('no-store, no-cache, must-revalidate, private, max-age=0');

/** An error, which has the body of a success. @param errors for the message of the description */
function refused(description: string, ...errors: readonly ApiError[]) {
  return { description: withCodes(description, 'response', errors), headers, content: gif };
}

const parameters = [
  {
    name: 'event',
    in: 'path',
    required: true,
    description:
      'The event by its name in VAST, in any letter case, such as `impression`, `start`, `firstQuartile` or `click`. The older names `fullscreen`, `exitFullscreen`, `expand` and `collapse` are accepted too.',
    schema: { type: 'string' },
    example: 'start',
  },
  tagParameter('ad_id', 'Id of the ad.', 'ad-001', { required: true }),
  tagParameter(
    'sid',
    'Session of the viewer: a UUIDv7, which `GET /vast/{ad_id}` makes. Within a session an event counts once, however often its pixel is fetched.',
    SESSION,
  ),
  ...labelParameters,
  tagParameter('code', 'The macro `[ERRORCODE]` of the event `error`; 900 if it is not three digits.', '402'),
  tagParameter('offset', 'The offset of the event `progress`, which counts once for each offset.', '00:00:05'),
  tagParameter(
    'vendor',
    'The vendor of `verificationNotExecuted`, which counts once for each vendor.',
    'vendor.com-omid',
  ),
  tagParameter('f', '`b`: the answer is 204 without a body.', 'b'),
];

const DESCRIPTION =
  'Counts one event of an ad, and answers with a GIF after the event is durable. Fetch the URL again after a timeout, 429 or 503: the event counts once, because its id is derived from the URL. Without a session an id is derived from `cb`, `ts`, the address and the user agent; if `cb` or `ts` is missing, each fetch is an event. A parameter that is an unfilled macro, such as `[TIMESTAMP]` or `-1`, or is not valid, is ignored. HEAD answers with the same headers and counts nothing; so do prefetches. The body of every response is the GIF, also of errors. Only a success with `f=b` has no body.';

const responses = {
  200: { description: 'The event is durable, and counts once.', headers, content: gif },
  204: { description: 'The same with `f=b`.', headers },
  400: refused(
    'The ad id is missing or invalid, or the event is too old.',
    invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
  ),
  404: refused(
    'VAST has no such event, or the ad does not exist.',
    unknownEvent('strat', undefined),
    unknownAd('no-such-ad', 404),
  ),
  414: refused('The URL is longer than 8 KiB.', targetTooLong(8_192)),
  429: withRetryAfter(refused('The client has exceeded its limit of events.', tooManyEvents)),
  503: withRetryAfter(
    refused(
      'The event is not durable. Fetch the URL again.',
      unavailable('Neither NATS nor Postgres could store the event; send it again.'),
    ),
  ),
  ...otherErrors,
};

/** The URLs that players fetch. Tags contain them without `/api/v1`. */
export const tagPaths = {
  ...clickThroughPaths,
  [ENDPOINTS.pixel.path]: {
    get: {
      operationId: 'trackEvent',
      tags: ['events'],
      summary: 'Report an event by a tracking pixel',
      description: DESCRIPTION,
      parameters,
      responses,
    },
    post: {
      operationId: 'trackEventByBeacon',
      tags: ['events'],
      summary: 'Report an event by a beacon',
      description: 'The same as GET, for `navigator.sendBeacon`. The body is ignored.',
      parameters,
      responses: { ...responses, 413: refused('The body is too large.', payloadTooLarge(16_384)) },
    },
  },
};
