import type { Request } from 'express';
import { clientKey } from './client-key.js';
import type { BodyReader } from './request-body.js';

/**
 * Reads the body of a request of Express. Never settles if the client disconnects before the end of the body.
 *
 * @throws ApiError of the reader
 */
export function readBody(request: Request, read: BodyReader): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const client = { clientKey: () => clientKey(request.ip, request.socket) };
    read(request, client, (error, body) => (error === undefined ? resolve(body) : reject(error)));
  });
}
