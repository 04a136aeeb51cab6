import { ApiError, internal, invalidRequest, unavailable } from '@ads/contract';
import { DependencyUnavailable } from '@ads/runtime';

/** Maps everything that is thrown to its response; an unknown error is a 500. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DependencyUnavailable) {
    return unavailable('A dependency is unavailable; retry later.', error);
  }
  if (error instanceof URIError) return invalidRequest('The path contains an invalid percent-encoding.');
  return fromStaticFiles(error) ?? internal(error);
}

/** Errors of `send`, which serves static files. */
function fromStaticFiles(error: unknown): ApiError | undefined {
  const { status } = error as { status?: unknown };
  if (status === 412)
    return new ApiError(412, 'precondition_failed', 'The file does not meet the preconditions in the request headers.');
  if (status === 416) return new ApiError(416, 'range_not_satisfiable', 'The requested range is outside the file.');
  return undefined;
}
