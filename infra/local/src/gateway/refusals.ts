import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { projectRoot } from '../project.js';

const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Time to read the error after its last byte is sent: closing at once would discard it while the client still sends. */
const LINGER_MS = 1_000;

const STARTING_PAGE = readFileSync(join(projectRoot, 'infra/local/src/gateway/starting.html'));

/** Answers 503: the service does not accept connections. A browser that opens a page gets one that reloads itself. */
export function sayUnavailable(request: IncomingMessage, response: ServerResponse): void {
  if (opensPage(request) && !response.headersSent) {
    response.writeHead(503, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': STARTING_PAGE.length,
      'Cache-Control': 'no-store',
      'Retry-After': '1',
    });
    response.end(request.method === 'HEAD' ? undefined : STARTING_PAGE);
    return;
  }
  const message = 'The service is starting or unavailable. Retry after 1 second.';
  answerError(request, response, 503, 'unavailable', message, { 'Retry-After': '1' });
}

/** True if a browser opens the dashboard or the start page. */
function opensPage({ method, headers, url = '/' }: IncomingMessage): boolean {
  const isPage = /^\/(?:dashboard(?:[/?]|$)|\?|$)/.test(url);
  return (method === 'GET' || method === 'HEAD') && isPage && headers.accept?.includes('text/html') === true;
}

/** Answers with an error in the format of the API. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    // Part of the response was sent. Only a closed connection tells the client that the rest is missing.
    response.destroy();
    return;
  }
  const given = request.headers['x-request-id'];
  const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
  const body = errorBody(error, message, requestId);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-ID': requestId,
    // Without this header browsers hide the error from pages of other origins.
    'Access-Control-Allow-Origin': '*',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // Without reading the rest of the body the client may never receive the response.
  request.resume();
}

/** The latest request of a connection, and the response that must be sent before its own. */
interface Followed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly before: ServerResponse | undefined;
}

/** Refuses bytes that are not HTTP, after the responses to complete earlier requests on the same connection. */
export function createRefusals() {
  const latest = new WeakMap<Duplex, Followed>();
  const refused = new WeakSet<Duplex>();

  return {
    /** Must be called for every request. */
    follow(request: IncomingMessage, response: ServerResponse): void {
      const { socket } = request;
      latest.set(socket, { request, response, before: latest.get(socket)?.response });
      response.once('close', () => {
        // An idle connection keeps nothing in memory.
        if (request.complete && latest.get(socket)?.response === response) latest.delete(socket);
      });
    },
    /** For `clientError`. */
    notHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
      if (!socket.writable || error.code === 'ECONNRESET') {
        if (!refused.has(socket)) socket.destroy();
        return;
      }
      if (refused.has(socket)) return;
      refused.add(socket);
      const { request, response, before } = latest.get(socket) ?? {};
      const isBroken = request?.complete === false;
      const end = () => {
        if (isBroken && response?.headersSent) socket.end();
        else refuse(error, socket);
      };
      const first = isBroken ? before : response;
      if (first === undefined || first.destroyed || first.writableFinished) end();
      else first.once('close', end);
    },
  };
}

function refuse({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  const requestId = randomUUID();
  const [status, error, message] = refusalOf(code);
  const body = errorBody(error, message, requestId);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Request-ID: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function refusalOf(code: string | undefined): readonly [status: string, error: string, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'headers_too_large', 'The headers are too large.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'request_timeout', 'The request took too long to arrive.'];
    default:
      return ['400 Bad Request', 'invalid_request', 'The request is not valid HTTP.'];
  }
}

function errorBody(error: string, message: string, requestId: string): string {
  return JSON.stringify({ error, message, details: [], request_id: requestId });
}
