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
import { withRetryAfter } from './parts.js';
import { otherErrors, tooManyEvents } from './shared-responses.js';
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
      'Name of the event in VAST, in any letter case, such as `impression`, `start`, `firstQuartile` or `click`. The older names `fullscreen`, `exitFullscreen`, `expand` and `collapse` are accepted too.',
    schema: { type: 'string' },
    example: 'start',
  },
  tagParameter('ad_id', 'Id of the ad.', 'ad-001', { required: true, example: 'ad-001' }),
  tagParameter(
    'sid',
    'Session of the viewer: a UUIDv7, which `GET /vast/{ad_id}` generates. Within a session an event counts once, however often its pixel is fetched.',
    SESSION,
  ),
  ...labelParameters,
  tagParameter(
    'code',
    'Value of the macro `[ERRORCODE]`, for the event `error`. A value that is not three digits is stored as 900.',
    '402',
  ),
  tagParameter('offset', 'Offset of the event `progress`, which counts once for each offset.', '00:00:05'),
  tagParameter(
    'vendor',
    'Vendor of the event `verificationNotExecuted`, which counts once for each vendor.',
    'vendor.com-omid',
  ),
  tagParameter('f', '`b` asks for 204 without a body.', 'b'),
];

const DESCRIPTION = `Counts one event of an ad, and answers with a GIF after the event is durable. After a timeout, 429 or 503, fetch the same URL
again: the event counts once, because its id is derived from the URL. Without a session, the id is derived from \`cb\`, \`ts\`, the
address and the user agent. If \`cb\` or \`ts\` is missing, each fetch is an event of its own.

A parameter is ignored if it is invalid, or an unfilled macro such as \`[TIMESTAMP]\` or \`-1\`. HEAD answers with the same headers and
counts nothing; so do prefetches of browsers. Errors have the GIF as their body, too. Only a success with \`f=b\` has no body.`;

/** The responses of both operations, by their names in the components. */
export const pixelResponses = {
  PixelCounted: { description: 'The event is durable, and counts once.', headers, content: gif },
  PixelCountedWithoutBody: { description: 'The event is durable, and counts once. The request has `f=b`.', headers },
  PixelInvalid: refused(
    'The ad id is missing or invalid, or the event is too old.',
    invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
  ),
  PixelUnknown: refused(
    'VAST has no such event, or the ad does not exist.',
    unknownEvent('strat', undefined),
    unknownAd('no-such-ad', 404),
  ),
  PixelTooLong: refused('The URL is longer than 8 KiB.', targetTooLong(8_192)),
  PixelLimited: withRetryAfter(refused('The client has exceeded `RATE_LIMIT_EVENTS_PER_MINUTE`.', tooManyEvents)),
  PixelNotDurable: withRetryAfter(
    refused(
      'The event is not durable. Fetch the URL again.',
      unavailable('Neither NATS nor Postgres could store the event; send it again.'),
    ),
  ),
};

const pixel = (name: keyof typeof pixelResponses) => ({ $ref: `#/components/responses/${name}` });

const responses = {
  200: pixel('PixelCounted'),
  204: pixel('PixelCountedWithoutBody'),
  400: pixel('PixelInvalid'),
  404: pixel('PixelUnknown'),
  414: pixel('PixelTooLong'),
  429: pixel('PixelLimited'),
  503: pixel('PixelNotDurable'),
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
      description: 'Counts one event as GET does, for `navigator.sendBeacon`. The body is ignored.',
      parameters,
      responses: { ...responses, 413: refused('The body is larger than `MAX_BODY_BYTES`.', payloadTooLarge(16_384)) },
    },
  },
};
