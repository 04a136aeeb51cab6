import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_PREFIX, type ApiError, methodNotAllowed, targetTooLong, withPrefix } from '@ads/contract';
import type { Reply, RequestHead, WholeHandler, WholeRequest } from '@ads/runtime';
import type { Request, Response, Router } from 'express';
import { type Access, ANYONE, BY_KEY, type Guard, guardOf, toExpress } from './access.js';
import { clientKey } from './client-key.js';
import type { Audience } from './common-headers.js';
import { createRouter } from './create-router.js';
import { isKnown, revalidated } from './etag.js';
import { type HeaderLines, type HeaderList, linesOf } from './head.js';
import { ObservedRequest, type Observer } from './observe.js';
import type { LimitName, RateLimiter } from './rate-limiter.js';
import { type BodyReader, ignoreBody } from './request-body.js';
import type { RequestContext } from './request-context.js';
import { REQUEST_ID_HEADER } from './request-id.js';
import { type Answer, errorAnswer } from './response.js';
import { ResponseReply } from './response-reply.js';
import { type TagRoute, TagRoutes } from './tag-routes.js';

/**
 * Returns the response, or throws an error for `toApiError`. The body (undefined when empty) is a separate argument so that
 * it can be collected while the rest of the request waits for its response.
 */
export type FastPathHandler = (context: RequestContext, body: unknown) => Answer | Promise<Answer>;

/** Adds routes to the fast path. Each also answers under `/api/v1`. */
export interface FastPath {
  get(path: string, limit: LimitName, handler: FastPathHandler): void;
  post(path: string, limit: LimitName, readBody: BodyReader, handler: FastPathHandler): void;
  /**
   * Adds a URL that players fetch, whose path is a segment and a parameter, such as `/t/{event}`. An invalid percent-encoding of
   * the parameter is answered with 400, a longer URL than 8 KiB with 414, and other methods with 405. Responses name the origin
   * of the request and allow credentials, because IMA and `sendBeacon` always send them.
   */
  tag(path: string, route: TagRoute): void;
}

/** Answers requests of the fast path, and calls `next` for all others. */
type FastPathListener = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface FastPathOptions {
  readonly observer: Observer;
  readonly rateLimiters: Readonly<Record<LimitName, RateLimiter>>;
  readonly access: Access;
  /** The headers of every response, by the origin of the request. */
  readonly headersFor: Readonly<Record<Audience, (origin: string | undefined) => HeaderLines>>;
  /** The headers of the response to a preflight. */
  readonly preflightHeaders: (request: RequestHead) => HeaderLines;
  /** The address of the client, as the trusted proxies report it. */
  readonly clientAddressOf: (request: RequestHead) => string | undefined;
  readonly isStitcher: (request: RequestHead) => boolean;
  /** See `ApiOptions`. */
  readonly onRefused?: ((path: string, error: ApiError, sender: RequestContext) => void) | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Bytes of the longest URL of a tag: consent strings are long, and the gateway accepts a request line of 8 KiB. */
const LONGEST_TARGET = 8_192;

/** A request on the fast path, whichever parser read it. */
type FastRequest = IncomingMessage | WholeRequest;

/** The values that all requests of a route share. */
interface Route {
  readonly options: FastPathOptions;
  /** Without the prefix; a parameter is in braces. */
  readonly path: string;
  /** Label in the metrics. */
  readonly endpoint: string;
  readonly rateLimiter: RateLimiter;
  readonly headersFor: (origin: string | undefined) => HeaderLines;
  readonly errorContent?: TagRoute['errorContent'];
}

/** A tag with the methods that it answers. */
type Tag = Route & TagRoute & { readonly methods: readonly string[] };

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
  /** Answers the tags and POST requests of the fast path. */
  readonly wholeHandler: WholeHandler;
  /** The routes that were added. */
  readonly routes: Router['stack'];
  /** True for a path that takes events, whatever the method of the request. */
  readonly takesEvents: (request: RequestHead) => boolean;
} {
  const router = createRouter();
  // Most clicks use one of these exact paths. Matching them in the router takes as long as validating them.
  const posts = new Map<string, { readonly route: Route; take(request: FastRequest, reply: Reply): void }>();

  const tags = new TagRoutes<Tag>();

  const add = (
    method: 'get' | 'post',
    path: string,
    limit: LimitName,
    readBody: BodyReader,
    handler: FastPathHandler,
  ) => {
    const paths = withPrefix([path]);
    const guard = guardOf(options.access, method, path);
    const route: Route = {
      options,
      path,
      endpoint: `${API_PREFIX}${path}`,
      rateLimiter: options.rateLimiters[limit],
      headersFor: options.headersFor[method === 'get' ? 'readers' : 'events'],
    };
    const take = (request: FastRequest, reply: Reply) => {
      const context = new FastPathContext(route, request, reply);
      try {
        context.charge(1);
        if (guard?.isFor(request)) context.admit(guard);
        readBody(request, context, (error, body) => {
          if (error === undefined) context.answer(handler, body);
          else context.refuse(error);
        });
      } catch (error) {
        context.refuse(error);
      }
    };
    router[method](paths, (request, response) => take(request, new ResponseReply(response)));
    if (method === 'post') for (const exact of paths) posts.set(exact, { route, take });
  };

  const fastPath: FastPath = {
    get: (path, limit, handler) => add('get', path, limit, noBody, handler),
    post: (path, limit, readBody, handler) => add('post', path, limit, readBody, handler),
    tag: (path, route) =>
      tags.add(path, {
        ...route,
        options,
        path,
        endpoint: `${API_PREFIX}${toExpress(path)}`,
        rateLimiter: options.rateLimiters[route.limit],
        headersFor: options.headersFor.tags,
        methods: route.takesPosts ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD'],
      }),
  };
  const answer = (request: FastRequest, reply: Reply): boolean => {
    const { url = '', method = '' } = request;
    if (method === 'POST') {
      const post = posts.get(url);
      if (post !== undefined) {
        post.take(request, reply);
        return true;
      }
    }
    const tag = tags.find(url);
    if (method === 'OPTIONS') return answerPreflight(posts.get(url)?.route ?? tag?.route, request, reply);
    if (tag === undefined) return false;
    new FastPathContext(tag.route, request, reply).answer(answerTag, tag);
    return true;
  };
  const listener: FastPathListener = (request, response, next) => {
    if (answer(request, new ResponseReply(response))) return;
    // The router itself would answer OPTIONS.
    if (METHODS.has(request.method ?? '')) router(request as Request, response as Response, next);
    else next();
  };
  const takesEvents = ({ url = '' }: RequestHead) => posts.has(pathOf(url)) || tags.find(url) !== undefined;
  return { fastPath, listener, wholeHandler: answer, routes: router.stack, takesEvents };
}

/** Answers a preflight, as Express does, without key and rate limit. Returns false if the path has no route. */
function answerPreflight(route: Route | undefined, request: FastRequest, reply: Reply): boolean {
  if (route === undefined) return false;
  const lines = route.options.preflightHeaders(request);
  new FastPathContext({ ...route, headersFor: () => lines }, request, reply).answer(() => NO_CONTENT, undefined);
  return true;
}

/** @throws ApiError 405, 413, 414, 429, URIError, or the error of the handler */
function answerTag(
  context: RequestContext,
  { route, parameter, query }: NonNullable<ReturnType<TagRoutes<Tag>['find']>>,
): Answer | Promise<Answer> {
  const { method = '', url = '' } = context.request;
  context.charge(1);
  if (!route.methods.includes(method)) throw methodNotAllowed(method, route.methods);
  if (url.length > LONGEST_TARGET) throw targetTooLong(LONGEST_TARGET);
  ignoreBody(context.request);
  return route.handler(context, { parameter: decoded(parameter), query });
}

/** @throws URIError for an invalid percent-encoding */
function decoded(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text;
}

class FastPathContext extends ObservedRequest implements RequestContext {
  caller = ANYONE;
  #limits: HeaderLines = '';
  readonly #route: Route;
  #byKey: HeaderLines = '';
  #isAddressRead = false;
  #address: string | undefined;

  constructor(route: Route, request: RequestHead, reply: Reply) {
    super(route.options.observer, request, reply, route.endpoint);
    this.#route = route;
  }

  /** Read once: behind a proxy it takes 3 µs, and both the rate limit and the event need it. */
  clientAddress(): string | undefined {
    if (!this.#isAddressRead) {
      this.#isAddressRead = true;
      this.#address = this.#route.options.clientAddressOf(this.request);
    }
    return this.#address;
  }

  isStitcher(): boolean {
    return this.#route.options.isStitcher(this.request);
  }

  /** @throws ApiError of the guard */
  admit(guard: Guard): void {
    this.#byKey = BY_KEY_LINES;
    this.caller = guard.admit(this.request);
  }

  charge(requests: number): void {
    this.#limits = this.#route.rateLimiter(this.clientAddress(), this.request.socket, requests);
  }

  clientKey(): string {
    return clientKey(this.clientAddress(), this.request.socket);
  }

  /** Answers with the result of the handler, or with the error that it throws. */
  answer<Input>(handler: (context: RequestContext, input: Input) => Answer | Promise<Answer>, input: Input): void {
    try {
      const answer = handler(this, input);
      if (answer instanceof Promise) answer.then(this.#send, this.refuse);
      else this.#send(answer);
    } catch (error) {
      this.refuse(error);
    }
  }

  readonly refuse = (thrown: unknown): void => {
    const { options, path, errorContent } = this.#route;
    const answer = errorAnswer(thrown, this, errorContent);
    if (this.error !== undefined) options.onRefused?.(path, this.error, this);
    this.#send(answer);
  };

  readonly #send = ({ status, body, type = JSON_TYPE, lines: own = '', headers = NONE, etag }: Answer): void => {
    const { request, reply } = this;
    const common = this.#route.headersFor(request.headers.origin);
    const lines = `${REQUEST_ID_HEADER}: ${this.requestId}\r\n${common}${this.#limits}${this.#byKey}${own}`;
    const caching = etag === undefined ? NONE : revalidated(etag, this.caller);
    const isCurrent = etag !== undefined && isKnown(request, etag);
    if (isCurrent || status === 204) {
      reply.send(isCurrent ? 304 : status, lines, [...headers, ...caching], '', 'latin1');
      return;
    }
    const text = typeof body === 'string' ? body : body.toString('latin1');
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    length[1] = String(bytes);
    const list = headers === NONE && caching === NONE ? length : [...length, ...headers, ...caching];
    // ASCII has the same bytes in both encodings, and latin1 is faster.
    const encoding = bytes === text.length ? 'latin1' : 'utf8';
    reply.send(status, bytes === 0 ? lines : `${lines}Content-Type: ${type}\r\n`, list, text, encoding);
  };
}

/** Reused for every response, because `writeHead` reads it before it returns. */
const length = ['Content-Length', ''];

const NONE: HeaderList = [];

const NO_CONTENT: Answer = { status: 204, body: '' };

const BY_KEY_LINES = linesOf(BY_KEY);

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

const noBody: BodyReader = (_request, _client, done) => done(undefined);

/** The path without query and trailing slash, as the router matches it. */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
