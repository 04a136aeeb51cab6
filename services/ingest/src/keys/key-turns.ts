import { unavailable } from '@ads/contract';
import { clientKey } from '@ads/http';
import { createTurns } from '@ads/runtime';
import type { Request } from 'express';

const WAITING = { inAll: 100, perClient: 50 };

/**
 * Returns a function that runs the work of one request at a time, fairly between clients. It throws ApiError 503 if too many wait.
 *
 * @param what names in the error what the requests are for
 */
export function keyTurns(what: string): <T>(request: Request, work: () => Promise<T>) => Promise<T> {
  const takeTurns = createTurns(WAITING, () => unavailable(`Too many requests for ${what} are waiting; retry later.`));
  return (request, work) => takeTurns(clientKey(request.ip, request.socket), work);
}
