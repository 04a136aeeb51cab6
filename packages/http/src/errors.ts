import {
  ApiError,
  internal,
  invalidRequest,
  notJson,
  payloadTooLarge,
  unavailable,
  unsupportedMediaType,
} from '@ads/contract';
import { DependencyUnavailable } from '@ads/runtime';

/** Maps everything that is thrown to its response; an unknown error is a 500. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DependencyUnavailable) {
    return unavailable('A dependency is unavailable; retry later.', error);
  }
  if (error instanceof URIError) return invalidRequest('The path contains an invalid percent-encoding.');
  return fromBodyParser(error) ?? fromStaticFiles(error) ?? internal(error);
}

/** Errors of body-parser and raw-body, which have a `type`. */
function fromBodyParser(error: unknown): ApiError | undefined {
  const { type, limit } = error as { type?: unknown; limit?: number };
  switch (type) {
    case 'entity.too.large':
      return payloadTooLarge(limit);
    case 'entity.parse.failed':
      return notJson();
    case 'encoding.unsupported':
      return unsupportedMediaType('Unsupported Content-Encoding; use gzip, deflate, br or none.');
    case 'charset.unsupported':
      return unsupportedMediaType('The body must be encoded in UTF-8.');
    case 'request.aborted':
      return invalidRequest('The request ended before its body was complete.');
    case 'request.size.invalid':
      return invalidRequest('Body length does not match Content-Length.');
    default:
      break;
  }
  // Errors of the decompressor have no type.
  const { status } = error as { status?: unknown };
  if (status === 400) return invalidRequest('The body cannot be decompressed; check Content-Encoding.');
  return undefined;
}

/** Errors of `send`, which serves static files. */
function fromStaticFiles(error: unknown): ApiError | undefined {
  const { status } = error as { status?: unknown };
  if (status === 412)
    return new ApiError(412, 'precondition_failed', 'The file does not match the precondition in the request headers.');
  if (status === 416) return new ApiError(416, 'range_not_satisfiable', 'The requested range is outside the file.');
  return undefined;
}
