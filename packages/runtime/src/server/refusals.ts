import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OpenRequests } from './open-requests.js';

/** What never reaches the handlers gets an answer of the same form as theirs. */
export interface Refusals {
  /** For `clientError`: what came is no HTTP, too large or too slow. */
  notHttp(error: NodeJS.ErrnoException, socket: Duplex): void;
  /** For HTTP/1.1 without `Host`. */
  noHost(response: ServerResponse): void;
  /** For a request target that is no path. */
  noPath(response: ServerResponse): void;
  /** For an `Expect` that is not `100-continue`. */
  expectation(response: ServerResponse): void;
}

/** A status line, and the code and the sentence of the body. */
type Refusal = readonly [status: string, code: string, message: string];

const NOT_HTTP: Refusal = ['400 Bad Request', 'invalid_request', 'The request is not valid HTTP.'];
const TOO_LARGE: Refusal = ['431 Request Header Fields Too Large', 'headers_too_large', 'The headers are too large.'];
const TOO_SLOW: Refusal = ['408 Request Timeout', 'request_timeout', 'The request took too long to arrive.'];
const NO_HOST: Refusal = ['400 Bad Request', 'invalid_request', 'The request has no Host header.'];
const NO_PATH: Refusal = ['400 Bad Request', 'invalid_request', 'The address of the request is not valid.'];
const EXPECTATION: Refusal = [
  '417 Expectation Failed',
  'expectation_failed',
  'Nothing can be expected but 100-continue.',
];

/** Who still sends when it is refused may read the answer for so long: closing at once would take it away again. */
const LINGER_MS = 1_000;

/** @param openRequests so that a refusal comes after the answers that it has to follow */
export function createRefusals(openRequests: Pick<OpenRequests, 'latestOf'>): Refusals {
  const refused = new WeakSet<Duplex>();

  return {
    notHttp(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        if (!refused.has(socket)) socket.destroy();
        return;
      }
      // Whatever comes after what was wrong is wrong too.
      if (refused.has(socket)) return;
      refused.add(socket);
      const { request, response, previous } = openRequests.latestOf(socket) ?? {};
      const isBroken = request?.complete === false;
      const refuse = () => {
        // Of a request that has its answer, as one that is too large, only the rest was wrong.
        end(socket, isBroken && response?.headersSent ? undefined : refusalOf(error));
      };
      // A request that came whole before this one is answered first: its 202 must not be taken for the refusal.
      const first = isBroken ? previous : response;
      if (first === undefined || first.destroyed || first.writableFinished) refuse();
      else first.once('close', refuse);
    },
    noHost: (response) => answer(response, NO_HOST),
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
