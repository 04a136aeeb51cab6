import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Request, type Response, type Router } from 'express';
import type { Allowance } from './client-allowance.js';
import type { HeaderList } from './common-headers.js';
import { errorBody, toApiError } from './errors.js';
import type { BodyReader } from './json-body.js';
import type { Observer, Trace } from './observe.js';
import { API_PREFIX, withPrefix } from './paths.js';
import { identify, REQUEST_ID_HEADER } from './request-id.js';

/** A request in the lane, when its body is read. */
export interface LaneRequest {
  readonly request: IncomingMessage;
  /** The caller's address, as the trusted proxies say it: then it may be any text. */
  readonly address: () => string | undefined;
}

/** What is answered: a status, and JSON as text. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Answers, or throws what `toApiError` knows. The body (undefined where there is none) is an argument of its own, as the
 * rest is held until the answer is out.
 */
export type LaneHandler = (request: LaneRequest, body: unknown) => Answer | Promise<Answer>;

/** Adds routes to the lane, each of which answers with and without `/api/v1`. */
export interface Lane {
  get(path: string, allowance: Allowance, handler: LaneHandler): void;
  post(path: string, allowance: Allowance, readBody: BodyReader, handler: LaneHandler): void;
}

/** Answers what is in the lane, and calls `next` for the rest. */
type LaneListener = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface LaneOptions {
  readonly observer: Observer;
  /** For the answers to requests from an origin. */
  readonly headersFor: (origin: string | undefined) => HeaderList;
  /** The caller's address, as the trusted proxies say it. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * A way past Express for the few paths that nearly all requests go to: two thirds of what Express takes are for changing
 * the prototypes of a request and its answer. The router is Express's own, and what a request gets is the same: an id,
 * the headers, its allowance, the form of errors, a place in log and metrics.
 */
export function createLane({ observer, headersFor, addressOf }: LaneOptions): {
  readonly lane: Lane;
  readonly listener: LaneListener;
  /** What was added. */
  readonly routes: Router['stack'];
} {
  const router = express.Router();

  const add = (
    method: 'get' | 'post',
    path: string,
    allowance: Allowance,
    readBody: BodyReader,
    handler: LaneHandler,
  ) => {
    const endpoint = `${API_PREFIX}${path}`;
    router[method](withPrefix([path]), (request: IncomingMessage, response: ServerResponse) => {
      const startedAt = performance.now();
      const requestId = identify(request);
      let trace: Trace | undefined;
      let limits: HeaderList = [];
      // `close` comes after a complete answer, and also when the caller went away before.
      response.on('close', () => observer({ request, response, endpoint, startedAt, requestId, trace }));

      const send = (status: number, body: string, more: HeaderList) => {
        const common = headersFor(request.headers.origin);
        response.writeHead(status, [
          ...common,
          REQUEST_ID_HEADER,
          requestId,
          ...limits,
          ...more,
          'Content-Type',
          JSON_TYPE,
          'Content-Length',
          String(Buffer.byteLength(body)),
        ]);
        response.end(body);
      };
      const succeed = ({ status, body }: Answer) => send(status, body, []);
      const fail = (thrown: unknown) => {
        const error = toApiError(thrown);
        trace = { code: error.code, cause: error.cause ?? error };
        const headers = Object.entries(error.headers).flat();
        send(error.status, JSON.stringify(errorBody(error, requestId)), [...headers, 'Cache-Control', 'no-store']);
      };

      try {
        limits = allowance(addressOf(request), request.socket);
      } catch (error) {
        return fail(error);
      }
      const asked = { request, address: () => addressOf(request) };
      readBody(request, response, (error, body) => {
        if (error !== undefined) return fail(error);
        try {
          const answer = handler(asked, body);
          if (answer instanceof Promise) answer.then(succeed, fail);
          else succeed(answer);
        } catch (thrown) {
          fail(thrown);
        }
      });
    });
  };

  const lane: Lane = {
    get: (path, allowance, handler) => add('get', path, allowance, noBody, handler),
    post: (path, allowance, readBody, handler) => add('post', path, allowance, readBody, handler),
  };
  const listener: LaneListener = (request, response, next) => {
    // To what else there is, the router has answers of its own.
    if (METHODS.has(request.method ?? '')) router(request as Request, response as Response, next);
    else next();
  };
  return { lane, listener, routes: router.stack };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

const noBody: BodyReader = (_request, _response, done) => done(undefined);
