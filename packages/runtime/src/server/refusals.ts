import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OpenRequests } from './open-requests.js';

/** Responses to requests that never reach a handler, in the form of all other errors. */
export interface Refusals {
  /** For `clientError`: the bytes are not HTTP, too large or too slow. */
  notHttp(error: NodeJS.ErrnoException, socket: Duplex): void;
  /** For a version other than HTTP/1.0 and HTTP/1.1. */
  version(response: ServerResponse): void;
  /** For an HTTP/1.1 request without `Host`, and for any request with several. */
  host(response: ServerResponse): void;
  /** For a request target without a path. */
  noPath(response: ServerResponse): void;
  /** For an `Expect` header other than `100-continue`. */
  expectation(response: ServerResponse): void;
}

/** The status line, and the code and message of the body. */
type Refusal = readonly [status: string, code: string, message: string];

const NOT_HTTP: Refusal = ['400 Bad Request', 'invalid_request', 'The request is not valid HTTP.'];
const TOO_LARGE: Refusal = ['431 Request Header Fields Too Large', 'headers_too_large', 'The headers are too large.'];
const TOO_SLOW: Refusal = ['408 Request Timeout', 'request_timeout', 'The request took too long to arrive.'];
const VERSION: Refusal = ['400 Bad Request', 'invalid_request', 'The request must use HTTP/1.1 or HTTP/1.0.'];
const HOST: Refusal = ['400 Bad Request', 'invalid_request', 'The request must have one Host header.'];
const NO_PATH: Refusal = ['400 Bad Request', 'invalid_request', 'The request URL is not valid.'];
const EXPECTATION: Refusal = [
  '417 Expectation Failed',
  'expectation_failed',
  'The Expect header supports 100-continue only.',
];

/** Time for a client that is still sending to read the refusal. Closing at once could discard it. */
const LINGER_MS = 1_000;

/** @param openRequests the open requests: a refusal must follow the responses to earlier requests */
export function createRefusals(openRequests: Pick<OpenRequests, 'latestOf'>): Refusals {
  const refused = new WeakSet<Duplex>();

  return {
    notHttp(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        if (!refused.has(socket)) socket.destroy();
        return;
      }
      // The rest of the bytes after the first error is invalid too.
      if (refused.has(socket)) return;
      refused.add(socket);
      const { request, response, previous } = openRequests.latestOf(socket) ?? {};
      const isBroken = request?.complete === false;
      const refuse = () => {
        // The response to a request that is too large may already be sent: then only close the connection.
        end(socket, isBroken && response?.headersSent ? undefined : refusalOf(error));
      };
      // Answer an earlier complete request first: its client must not take the refusal for its own response.
      const first = isBroken ? previous : response;
      if (first === undefined || first.destroyed || first.writableFinished) refuse();
      else first.once('close', refuse);
    },
    version: (response) => answer(response, VERSION),
    host: (response) => answer(response, HOST),
    noPath: (response) => answer(response, NO_PATH),
    expectation: (response) => answer(response, EXPECTATION),
  };
}

function refusalOf({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return TOO_LARGE;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : NOT_HTTP;
}

function end(socket: Duplex, refusal: Refusal | undefined): void {
  if (refusal === undefined) socket.end();
  else {
    const { body, headers } = parts(refusal);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${refusal[0]}\r\n${lines.join('')}\r\n${body}`);
  }
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function answer(response: ServerResponse, refusal: Refusal): void {
  const { body, headers } = parts(refusal);
  response.writeHead(Number.parseInt(refusal[0], 10), headers).end(body);
}

function parts([, error, message]: Refusal) {
  const requestId = randomUUID();
  const body = JSON.stringify({ error, message, details: [], request_id: requestId });
  const headers = {
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'X-Request-ID': requestId,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  return { body, headers };
}
