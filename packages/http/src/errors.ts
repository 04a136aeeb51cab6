import { DependencyUnavailable } from '@ads/runtime';

/** One thing that is wrong with a request. `path` is where, with dots; empty for the whole. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

/** The body of every answer that is an error. */
export interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  readonly request_id: string;
}

/** An error whose answer is decided. `message` is a sentence for the caller. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  readonly headers: Readonly<Record<string, string>>;
  /** Fields for the log line alone: which ad, which client. */
  readonly facts: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: {
      details?: readonly ErrorDetail[];
      headers?: Readonly<Record<string, string>>;
      facts?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
    this.facts = options.facts ?? {};
  }
}

export function invalidRequest(message: string, details: readonly ErrorDetail[] = []): ApiError {
  return new ApiError(400, 'invalid_request', message, { details });
}

/** 400 for fields that are not as they must be: the message says all of it. */
export function invalidFields(details: readonly ErrorDetail[]): ApiError {
  const reasons = details.map((detail) => detail.message).join('; ');
  return invalidRequest(`The request is not valid: ${reasons}.`, details);
}

/** 400 where an event names the ad, 404 where the ad is what was asked for. */
export function unknownAd(adId: string, status: 400 | 404): ApiError {
  return new ApiError(status, 'unknown_ad', `There is no ad "${adId}".`, {
    details: [{ path: 'ad_id', message: 'ad_id is not a known ad' }],
    facts: { ad_id: adId },
  });
}

export function notFound(message = 'There is nothing at this path.'): ApiError {
  return new ApiError(404, 'not_found', message);
}

export function methodNotAllowed(method: string, allowed: readonly string[]): ApiError {
  const allow = allowed.join(', ');
  return new ApiError(405, 'method_not_allowed', `${method} is not allowed here; ${allow} is.`, {
    headers: { Allow: allow },
  });
}

export function payloadTooLarge(limitBytes?: number): ApiError {
  const limit = limitBytes === undefined ? '' : ` (${limitBytes} bytes)`;
  return new ApiError(413, 'payload_too_large', `The body is larger than allowed${limit}.`);
}

export function unsupportedMediaType(message: string): ApiError {
  return new ApiError(415, 'unsupported_media_type', message);
}

export function notJson(): ApiError {
  return invalidRequest('The body is not a JSON object.', [{ path: '', message: 'not a JSON object' }]);
}

/**
 * @param client a name for it that does not tell its address, for the log
 * @param headers that say what the limit is, and when to go on, unless they are on the answer already
 */
export function rateLimited(
  limitPerMinute: number,
  client: string,
  headers: Readonly<Record<string, string>> = {},
): ApiError {
  return new ApiError(
    429,
    'rate_limited',
    `More than ${limitPerMinute} requests in a minute; see Retry-After for when to go on.`,
    { headers, facts: { client } },
  );
}

export function unavailable(message: string, cause?: unknown, retryAfterSeconds = 1): ApiError {
  return new ApiError(503, 'unavailable', message, {
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });
}

function internal(cause: unknown): ApiError {
  return new ApiError(500, 'internal', 'Something went wrong on our side.', { cause });
}

/** The body that `error` is answered with. */
export function errorBody(error: ApiError, requestId: string): ErrorBody {
  return {
    error: error.code,
    message: error.message,
    details: error.details,
    request_id: requestId,
  };
}

/** The one mapping from whatever was thrown to an answer; what it does not know is a 500. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DependencyUnavailable) {
    return unavailable('A part of the system is away; please try again.', error);
  }
  if (error instanceof URIError) return invalidRequest('The path is not valid.');
  return fromBodyParser(error) ?? fromStaticFiles(error) ?? internal(error);
}

/** Errors of body-parser and raw-body, which tell what they are by `type`. */
function fromBodyParser(error: unknown): ApiError | undefined {
  const { type, limit } = error as { type?: unknown; limit?: number };
  switch (type) {
    case 'entity.too.large':
      return payloadTooLarge(limit);
    case 'entity.parse.failed':
      return notJson();
    case 'encoding.unsupported':
      return unsupportedMediaType('The body has a Content-Encoding that is not supported.');
    case 'charset.unsupported':
      return unsupportedMediaType('The body must be UTF-8.');
    case 'request.aborted':
      return invalidRequest('The request was ended before its body was complete.');
    case 'request.size.invalid':
      return invalidRequest('The body has not the length that Content-Length says.');
    default:
      break;
  }
  // A compressed body that can't be unpacked comes with the decompressor's own error.
  const { status } = error as { status?: unknown };
  if (status === 400) return invalidRequest('The body can not be decompressed.');
  return undefined;
}

/** Errors of the library that gives out files: conditions in the request that no file fulfils. */
function fromStaticFiles(error: unknown): ApiError | undefined {
  const { status } = error as { status?: unknown };
  if (status === 412) return new ApiError(412, 'precondition_failed', 'The file is not the one that was asked for.');
  if (status === 416) return new ApiError(416, 'range_not_satisfiable', 'The file has no such part.');
  return undefined;
}
