import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_PREFIX, withPrefix } from '@ads/contract';
import type { Request, Response, Router } from 'express';
import { clientKey } from './client-key.js';
import type { HeaderList } from './common-headers.js';
import { createRouter } from './create-router.js';
import { isKnown, revalidated } from './etag.js';
import { ObservedRequest, type Observer } from './observe.js';
import type { LimitName, RateLimiter } from './rate-limiter.js';
import type { BodyReader, Client } from './request-body.js';
import { REQUEST_ID_HEADER } from './request-id.js';
import { type Answer, errorAnswer } from './response.js';
import { sendWhole } from './send-whole.js';

/** A request on the fast path whose body has been read. */
export interface RequestContext extends Client {
  readonly request: IncomingMessage;
  /** The address of the client, as the trusted proxies report it. It may be any text. */
  clientAddress(): string | undefined;
  /**
   * Counts the request as this many further ones of the client.
   *
   * @throws ApiError 429 when the client is over its limit
   */
  charge(requests: number): void;
}

/**
 * Returns the response, or throws an error for `toApiError`. The body (undefined when empty) is a separate argument so that
 * it can be collected while the rest of the request waits for its response.
 */
export type FastPathHandler = (context: RequestContext, body: unknown) => Answer | Promise<Answer>;

/** Adds routes to the fast path. Each also answers under `/api/v1`. */
export interface FastPath {
  get(path: string, limit: LimitName, handler: FastPathHandler): void;
  post(path: string, limit: LimitName, readBody: BodyReader, handler: FastPathHandler): void;
}

/** Answers requests of the fast path, and calls `next` for all others. */
type FastPathListener = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface FastPathOptions {
  readonly observer: Observer;
  readonly rateLimiters: Readonly<Record<LimitName, RateLimiter>>;
  /** The headers of every response, by the origin of the request. */
  readonly headersFor: Readonly<Record<'get' | 'post', (origin: string | undefined) => HeaderList>>;
  /** The address of the client, as the trusted proxies report it. */
  readonly clientAddressOf: (request: IncomingMessage) => string | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Answers the few paths that get nearly all requests without Express. One core answers 9,500 requests/s through Express, and
 * 36,000 through its router on plain `node:http`: Express spends two thirds of its time on replacing the prototypes of each
 * request and response.
 *
 * Both paths share the router, ids, rate limiters, headers, error responses, log lines and metrics. Only the sending of a
 * response is implemented here again.
 */
export function createFastPath(options: FastPathOptions): {
  readonly fastPath: FastPath;
  readonly listener: FastPathListener;
  /** The routes that were added. */
  readonly routes: Router['stack'];
  /** True for a path that takes events, whatever the method of the request. */
  readonly takesEvents: (request: IncomingMessage) => boolean;
} {
  const router = createRouter();
  // Most clicks use one of these exact paths. Matching them in the router takes as long as validating them.
  const posts = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();

  const add = (
    method: 'get' | 'post',
    path: string,
    limit: LimitName,
    readBody: BodyReader,
    handler: FastPathHandler,
  ) => {
    const paths = withPrefix([path]);
    const endpoint = `${API_PREFIX}${path}`;
    const rateLimiter = options.rateLimiters[limit];
    const take = (request: IncomingMessage, response: ServerResponse) => {
      const context = new FastPathContext(options, method, request, response, endpoint, rateLimiter);
      try {
        context.charge(1);
        readBody(request, context, (error, body) => {
          if (error === undefined) context.answer(handler, body);
          else context.refuse(error);
        });
      } catch (error) {
        context.refuse(error);
      }
    };
    router[method](paths, take);
    if (method === 'post') for (const exact of paths) posts.set(exact, take);
  };

  const fastPath: FastPath = {
    get: (path, limit, handler) => add('get', path, limit, noBody, handler),
    post: (path, limit, readBody, handler) => add('post', path, limit, readBody, handler),
  };
  const listener: FastPathListener = (request, response, next) => {
    const take = request.method === 'POST' ? posts.get(request.url ?? '') : undefined;
    if (take !== undefined) take(request, response);
    // The router itself would answer OPTIONS.
    else if (METHODS.has(request.method ?? '')) router(request as Request, response as Response, next);
    else next();
  };
  const takesEvents = ({ url = '' }: IncomingMessage) => posts.has(pathOf(url));
  return { fastPath, listener, routes: router.stack, takesEvents };
}

class FastPathContext extends ObservedRequest implements RequestContext {
  #limits = NONE;
  readonly #options: FastPathOptions;
  readonly #headersFor: FastPathOptions['headersFor']['get'];
  readonly #rateLimiter: RateLimiter;

  constructor(
    options: FastPathOptions,
    method: 'get' | 'post',
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: string,
    rateLimiter: RateLimiter,
  ) {
    super(options.observer, request, response, endpoint);
    this.#options = options;
    this.#headersFor = options.headersFor[method];
    this.#rateLimiter = rateLimiter;
  }

  clientAddress(): string | undefined {
    return this.#options.clientAddressOf(this.request);
  }

  charge(requests: number): void {
    this.#limits = this.#rateLimiter(this.clientAddress(), this.request.socket, requests);
  }

  clientKey(): string {
    return clientKey(this.clientAddress(), this.request.socket);
  }

  answer(handler: FastPathHandler, body: unknown): void {
    try {
      const answer = handler(this, body);
      if (answer instanceof Promise) answer.then(this.#send, this.refuse);
      else this.#send(answer);
    } catch (error) {
      this.refuse(error);
    }
  }

  readonly refuse = (thrown: unknown): void => this.#send(errorAnswer(thrown, this));

  readonly #send = ({ status, body, headers = NONE, etag }: Answer): void => {
    const common = this.#headersFor(this.request.headers.origin);
    const caching = etag === undefined ? NONE : revalidated(etag);
    if (etag !== undefined && isKnown(this.request, etag)) {
      const id = [REQUEST_ID_HEADER, this.requestId];
      this.response.writeHead(304, [...id, ...common, ...this.#limits, ...headers, ...caching]).end();
      return;
    }
    const bytes = Buffer.byteLength(body);
    this.response.writeHead(status, headOf(this.requestId, String(bytes), common, this.#limits, headers, caching));
    // ASCII has the same bytes in both encodings, and latin1 is faster.
    sendWhole(this.response, body, bytes === body.length ? 'latin1' : 'utf8');
  };
}

/** Reused for every response, because `writeHead` reads it before it returns: a new list takes 0.5 µs. */
const head = [REQUEST_ID_HEADER, '', 'Content-Type', JSON_TYPE, 'Content-Length', ''];

function headOf(requestId: string, length: string, ...lists: readonly HeaderList[]): string[] {
  head[1] = requestId;
  head[5] = length;
  let end = 6;
  for (const list of lists) {
    for (const text of list) {
      head[end] = text;
      end += 1;
    }
  }
  head.length = end;
  return head;
}

const NONE: HeaderList = [];

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

const noBody: BodyReader = (_request, _client, done) => done(undefined);

/** The path without query and trailing slash, as the router matches it. */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
