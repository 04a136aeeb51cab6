import { randomUUID } from 'node:crypto';
import type { RequestHead } from '@ads/runtime';

export const REQUEST_ID_HEADER = 'X-Request-ID';

const VALID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Returns the client's id if it is safe in logs and headers, else a new UUID. */
export function identify(request: RequestHead): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && VALID.test(given) ? given : randomUUID();
}
