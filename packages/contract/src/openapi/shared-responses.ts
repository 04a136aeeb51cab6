import {
  keyMissing,
  keysDisabled,
  otherAdvertiser,
  scopeMissing,
  shareForbidden,
  shareMissing,
} from '../access-errors.js';
import {
  ApiError,
  adHasChanged,
  CONTENT_ENCODINGS,
  eventTooOld,
  internal,
  invalidFields,
  payloadTooLarge,
  rateLimited,
  unknownAd,
  unsupportedEncoding,
  unsupportedMediaType,
} from '../errors.js';
import { requestIdHeader } from './headers.js';
import { empty, error, noCatalogue, noPostgres, retryLater } from './parts.js';

/*
 * The responses that several operations have. The document describes each of them once, in its components, and operations refer
 * to it. A test fails if two operations describe the same response.
 */

export const CLIENT = 'kO3pXv1zQm8bT4Ya';

/** The example of a 429 of a request with events. */
export const tooManyEvents = rateLimited(6_000, CLIENT);

const keyless = error('The API key is missing, unknown, expired or deleted.', keyMissing());
const unsupportedBody = error(
  'The content type, the character set or the content encoding is not supported.',
  unsupportedEncoding(),
);

/** By their names in the components. */
export const sharedResponses = {
  NotModified: empty('The response has not changed since the one that `If-None-Match` names.'),
  InvalidQuery: error(
    'A query parameter is missing, invalid or unknown.',
    invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 1000' }]),
  ),
  InvalidEvent: error(
    'The body is invalid, the ad does not exist, or the event is older than `MAX_EVENT_AGE_DAYS`.',
    invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
    unknownAd('no-such-ad', 400),
    eventTooOld([{ path: 'timestamp', message: 'timestamp must not be more than 30 days ago' }]),
  ),
  InvalidBody: error(
    'The body is invalid.',
    invalidFields([{ path: 'target_url', message: 'target_url is required' }]),
  ),
  NoKey: {
    ...keyless,
    headers: {
      ...keyless.headers,
      'WWW-Authenticate': {
        description: 'The scheme of `Authorization`.',
        required: true,
        schema: { type: 'string' },
        example: 'Bearer',
      },
    },
  },
  KeyForbidden: error(
    'The API key lacks the scope, or is for another advertiser, ad or campaign.',
    scopeMissing(['read']),
    otherAdvertiser('Example Shop'),
    shareForbidden(),
  ),
  ManageKeyForbidden: error(
    'The API key lacks the scope `manage`, or is for another advertiser, or the service has no `ADMIN_API_KEY`.',
    scopeMissing(['manage']),
    otherAdvertiser('Example Shop'),
    keysDisabled(),
  ),
  ShareRequired: error('The API key is not the secret of a share.', shareMissing()),
  AdminKeyRequired: error(
    'The API key is not `ADMIN_API_KEY`, or the service has none.',
    scopeMissing([]),
    keysDisabled(),
  ),
  UnknownAd: error('The ad does not exist.', unknownAd('no-such-ad', 404)),
  AdHasChanged: error('The ad has changed since the version in `If-Match`.', adHasChanged('ad-001')),
  BodyTooLarge: error('The body is larger than `MAX_BODY_BYTES`.', payloadTooLarge(16_384)),
  BodyNotJson: error(
    'The content type is not JSON.',
    unsupportedMediaType('Unsupported Content-Type; use application/json.'),
  ),
  UnsupportedBody: {
    ...unsupportedBody,
    headers: {
      ...unsupportedBody.headers,
      'Accept-Encoding': {
        description: 'The supported content encodings, if the request has another one.',
        schema: { type: 'string' },
        example: CONTENT_ENCODINGS.join(', '),
      },
    },
  },
  TooManyEvents: retryLater('The client has exceeded `RATE_LIMIT_EVENTS_PER_MINUTE`.', tooManyEvents),
  TooManyRequests: retryLater(
    'The client has exceeded `RATE_LIMIT_READS_PER_MINUTE`, the limit of all requests without events. A live stream counts as one request.',
    rateLimited(600, CLIENT),
  ),
  HeadersTooLarge: {
    ...error('The headers are too large.', new ApiError(431, 'headers_too_large', 'The headers are too large.')),
    headers: requestIdHeader,
  },
  CatalogueUnavailable: retryLater('The ads cannot be read, because Postgres is unavailable.', noCatalogue),
  PostgresUnavailable: retryLater('Postgres is unavailable.', noPostgres),
  OtherError: {
    ...error(
      'Any other error, such as 500 for a fault of the service, or 503 of a gateway that reaches no service.',
      internal(new Error('example')),
    ),
    headers: requestIdHeader,
  },
};

/** Refers to a response of the components. */
export function shared(name: keyof typeof sharedResponses) {
  return { $ref: `#/components/responses/${name}` };
}

/** Errors that an operation does not list. */
export const otherErrors = { default: shared('OtherError') };

/** The errors that all requests without events have. */
export const requestErrors = { 429: shared('TooManyRequests'), ...otherErrors };
