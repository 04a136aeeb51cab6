import { type ApiError, errorBody } from '@ads/contract';
import { toApiError } from './errors.js';
import type { HeaderLines, HeaderList } from './head.js';
import type { ObservedRequest } from './observe.js';

/** The body of a response, and the headers that belong to it. */
export interface Content {
  /** JSON text, or what `type` says. An empty body has no type. */
  readonly body: string | Buffer;
  /** `Content-Type`; JSON by default. */
  readonly type?: string;
  readonly headers?: HeaderList;
  /** Headers whose values are constants of the route. They are not checked and cost nothing. */
  readonly lines?: HeaderLines;
}

/** A response: the status, the body, and the headers that not all responses have. */
export interface Answer extends Content {
  readonly status: number;
  /** The version of the body. A request with this `If-None-Match` is answered with 304. */
  readonly etag?: string;
}

/** For responses that must not be cached. */
const NOT_STORED: HeaderList = ['Cache-Control', 'no-store'];

/**
 * Maps everything that is thrown to its response, and keeps the error for the log line of the request.
 *
 * @param contentOf returns the body of the response; JSON by default
 */
export function errorAnswer(
  thrown: unknown,
  observed: ObservedRequest,
  contentOf: (error: ApiError) => Content = (error) => jsonContent(error, observed.requestId),
): Answer & { readonly headers: HeaderList } {
  const error = toApiError(thrown);
  observed.error = error;
  const content = contentOf(error);
  const headers = [...Object.entries(error.headers).flat(), ...(content.headers ?? [])];
  return { ...content, status: error.status, headers };
}

function jsonContent(error: ApiError, requestId: string): Content {
  return { body: JSON.stringify(errorBody(error, requestId)), headers: NOT_STORED };
}
