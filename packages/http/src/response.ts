import { errorBody } from '@ads/contract';
import type { HeaderList } from './common-headers.js';
import { toApiError } from './errors.js';
import type { ObservedRequest } from './observe.js';

/** A JSON response: the status, the body as JSON text, and the headers that not all responses have. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: HeaderList;
  /** The version of the body. A request with this `If-None-Match` is answered with 304. */
  readonly etag?: string;
}

/** For responses that must not be cached. */
const NOT_STORED: HeaderList = ['Cache-Control', 'no-store'];

/** Maps everything that is thrown to its response, and keeps the error for the log line of the request. */
export function errorAnswer(thrown: unknown, observed: ObservedRequest): Required<Omit<Answer, 'etag'>> {
  const error = toApiError(thrown);
  observed.error = error;
  return {
    status: error.status,
    body: JSON.stringify(errorBody(error, observed.requestId)),
    headers: [...Object.entries(error.headers).flat(), ...NOT_STORED],
  };
}
