import type { Detail } from '@ads/models';
import { API_PREFIX, ENDPOINTS } from './paths.js';

/** The JSON body of every error response. */
export interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly details: readonly Detail[];
  readonly request_id: string;
}

/** An error with its response. `message` is a sentence for the client: the cause, and what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: readonly Detail[];
  readonly headers: Readonly<Record<string, string>>;
  /** Fields for the log line, not for the response: which ad (`ad_id`), which client. */
  readonly facts: Readonly<Record<string, string>>;
  /** The errors of the items of a request of which each was refused. */
  readonly items: readonly ApiError[];

  constructor(
    status: number,
    code: string,
    message: string,
    options: {
      details?: readonly Detail[];
      headers?: Readonly<Record<string, string>>;
      facts?: Readonly<Record<string, string>>;
      items?: readonly ApiError[];
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
    this.facts = options.facts ?? {};
    this.items = options.items ?? [];
  }
}

export function invalidRequest(
  message: string,
  details: readonly Detail[] = [],
  headers: Readonly<Record<string, string>> = {},
): ApiError {
  return new ApiError(400, 'invalid_request', message, { details, headers });
}

/** 400 for invalid fields. The message contains the reasons, each once. @param facts see `ApiError` */
export function invalidFields(details: readonly Detail[], facts: ApiError['facts'] = {}): ApiError {
  const reasons = [...new Set(details.map((detail) => detail.message))];
  const message = `The request is not valid: ${reasons.join('; ')}.`;
  return new ApiError(400, 'invalid_request', message, { details, facts });
}

/** The details of one item of a request with several. @param item its path, such as `events.3` */
export function detailsOfItem(item: string, details: readonly Detail[]): Detail[] {
  return details.map(({ path, message }) => ({ path: path === '' ? item : `${item}.${path}`, message }));
}

/** 400 for an event that is older than the service accepts. The message lists the limits. @param facts see `ApiError` */
export function eventTooOld(details: readonly Detail[], facts: ApiError['facts'] = {}): ApiError {
  const reasons = details.map((detail) => detail.message).join('; ');
  const message = `The event is too old: ${reasons}. Do not send it again.`;
  return new ApiError(400, 'event_too_old', message, { details, facts });
}

/** @param status 400 for an event that names the ad, 404 for a pixel and for a request for the ad itself */
export function unknownAd(adId: string, status: 400 | 404): ApiError {
  return new ApiError(
    status,
    'unknown_ad',
    `Ad "${adId}" does not exist; GET ${API_PREFIX}${ENDPOINTS.ads.path} lists all ads.`,
    {
      details: [{ path: 'ad_id', message: 'ad_id must be the id of an existing ad' }],
      facts: { ad_id: adId },
    },
  );
}

/** The longest name of an event that a message repeats. */
const LONGEST_NAME = 64;

/** 404 for a pixel whose event VAST does not have. @param adId the ad of the pixel, if it names one */
export function unknownEvent(event: string, adId: string | undefined): ApiError {
  return new ApiError(
    404,
    'unknown_event',
    `Event "${event.slice(0, LONGEST_NAME)}" does not exist; use the name of an event of VAST, such as start or firstQuartile.`,
    { facts: adId === undefined ? {} : { ad_id: adId } },
  );
}

/** 404 for a click on an ad without a valid target URL. */
export function noTarget(adId: string): ApiError {
  return new ApiError(404, 'no_target', `Ad "${adId}" has no valid target_url; change the ad.`, {
    facts: { ad_id: adId },
  });
}

/** The code of {@link prefetchRefused}, which is no failure of the service. */
export const PREFETCH_REFUSED = 'prefetch_refused';

/** 503 for a prefetch. Browsers do not cache a 503. */
export function prefetchRefused(): ApiError {
  return new ApiError(503, PREFETCH_REFUSED, 'A prefetch is not a click; send the request when the link is opened.');
}

/** 409 for a new ad whose id another ad has. */
export function adExists(adId: string): ApiError {
  return new ApiError(
    409,
    'ad_exists',
    `Ad "${adId}" exists already; PATCH ${API_PREFIX}${ENDPOINTS.ads.path}/${encodeURIComponent(adId)} changes it.`,
    { details: [{ path: 'id', message: 'id must not be the id of an existing ad' }], facts: { ad_id: adId } },
  );
}

/** 412 for a change of an ad that has changed since its version in `If-Match`. */
export function adHasChanged(adId: string): ApiError {
  return new ApiError(
    412,
    'precondition_failed',
    'The ad has changed since the version in If-Match; read it again, and repeat the change with its new ETag.',
    { facts: { ad_id: adId } },
  );
}

/** 422 for an `Idempotency-Key` that was sent with another request. */
export function idempotencyKeyReused(): ApiError {
  return new ApiError(
    422,
    'idempotency_key_reused',
    'This Idempotency-Key was sent with a different body; send a new key with each new request.',
    { details: [{ path: 'Idempotency-Key', message: 'Idempotency-Key must not be used again with another body' }] },
  );
}

export function notFound(): ApiError {
  return new ApiError(404, 'not_found', `This path does not exist; ${ENDPOINTS.swaggerPage.path} documents the API.`);
}

export function methodNotAllowed(method: string, allowed: readonly string[]): ApiError {
  return new ApiError(
    405,
    'method_not_allowed',
    `${method} is not allowed on this path; use ${allowed.join(' or ')}.`,
    {
      headers: { Allow: allowed.join(', ') },
    },
  );
}

/** @param type the type of the response */
export function notAcceptable(type: string): ApiError {
  return new ApiError(406, 'not_acceptable', `This path answers with ${type} only; send Accept: ${type}.`);
}

export function payloadTooLarge(limitBytes?: number): ApiError {
  const limit = limitBytes === undefined ? 'limit' : `limit of ${limitBytes} bytes`;
  return new ApiError(413, 'payload_too_large', `The body exceeds the ${limit}.`);
}

export function targetTooLong(limitBytes: number): ApiError {
  return new ApiError(414, 'uri_too_long', `The URL exceeds the limit of ${limitBytes} bytes.`);
}

export function unsupportedMediaType(message: string): ApiError {
  return new ApiError(415, 'unsupported_media_type', message);
}

/**
 * The accepted values of `Content-Encoding`. Their decompression takes 32 KB of memory, and time in proportion to the
 * compressed and the decompressed size. A few bytes of brotli or zstd can fill a window of 16 MB or more before the first byte
 * of output, and a limit counts output only.
 */
export const CONTENT_ENCODINGS = ['gzip', 'deflate'] as const;

export function unsupportedEncoding(): ApiError {
  const message = `Unsupported Content-Encoding; use ${CONTENT_ENCODINGS.join(', ')} or none.`;
  return new ApiError(415, 'unsupported_media_type', message, {
    headers: { 'Accept-Encoding': CONTENT_ENCODINGS.join(', ') },
  });
}

export function notJson(): ApiError {
  return invalidRequest('The body must be a JSON object.', [{ path: '', message: 'body must be a JSON object' }]);
}

/**
 * @param client pseudonym of the client, for the log
 * @param headers `RateLimit-Policy`, `RateLimit` and `Retry-After`, unless the response has them already
 */
export function rateLimited(
  limitPerMinute: number,
  client: string,
  headers: Readonly<Record<string, string>> = {},
): ApiError {
  return new ApiError(
    429,
    'rate_limited',
    `The limit of ${limitPerMinute} requests per minute is exceeded; retry after the number of seconds in the header Retry-After.`,
    { headers, facts: { client } },
  );
}

/** @param cause the failure; without a cause the refusal is intended and is logged as a warning */
export function unavailable(message: string, cause?: unknown, retryAfterSeconds = 1): ApiError {
  return new ApiError(503, 'unavailable', message, {
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });
}

/** 500: the cause is only in the log. */
export function internal(cause: unknown): ApiError {
  return new ApiError(500, 'internal', 'Internal server error; report the request_id to the operator.', { cause });
}

export function errorBody(error: ApiError, requestId: string): ErrorBody {
  return {
    error: error.code,
    message: error.message,
    details: error.details,
    request_id: requestId,
  };
}
