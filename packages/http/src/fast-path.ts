import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response, Router } from 'express';
import type { HeaderList } from './common-headers.js';
import { errorBody, toApiError } from './errors.js';
import type { Observer, Trace } from './observe.js';
import { API_PREFIX, createRouter, withPrefix } from './paths.js';
import type { RateLimiter } from './rate-limiter.js';
import type { BodyReader } from './request-body.js';
import { identify, REQUEST_ID_HEADER } from './request-id.js';
import { sendWhole } from './send-whole.js';

/** A request on the fast path whose body has been read. */
export interface RequestContext {
  readonly request: IncomingMessage;
  /** The caller's address, as the trusted proxies say it: then it may be any text. */
  clientAddress(): string | undefined;
}

/** What is answered: a status, JSON as text, and headers that other answers don't have. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: HeaderList;
}

/**
 * Answers, or throws what `toApiError` knows. The body (undefined where there is none) is an argument of its own, as the
 * rest is held until the answer is out.
 */
export type FastPathHandler = (request: RequestContext, body: unknown) => Answer | Promise<Answer>;

/** Adds routes to the fast path, each of which answers with and without `/api/v1`. */
export interface FastPath {
  get(path: string, rateLimiter: RateLimiter, handler: FastPathHandler): void;
  post(path: string, rateLimiter: RateLimiter, readBody: BodyReader, handler: FastPathHandler): void;
}

/** Answers what is on the fast path, and calls `next` for the rest. */
type FastPathListener = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface FastPathOptions {
  readonly observer: Observer;
  /** For the answers to requests from an origin: those that read, and those that report an event. */
  readonly headersFor: Readonly<Record<'get' | 'post', (origin: string | undefined) => HeaderList>>;
  /** The caller's address, as the trusted proxies say it. */
  readonly clientAddressOf: (request: IncomingMessage) => string | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * A way past Express for the few paths that nearly all requests go to: two thirds of what Express takes are for changing
 * the prototypes of a request and its answer. The router is Express's own, and what a request gets is the same: an id,
 * the headers, its rate limit, the form of errors, a place in log and metrics.
 */
export function createFastPath(options: FastPathOptions): {
  readonly fastPath: FastPath;
  readonly listener: FastPathListener;
  /** What was added. */
  readonly routes: Router['stack'];
  /** True for a path that events are sent to, whatever the method. */
  readonly takesEvents: (request: IncomingMessage) => boolean;
} {
  const router = createRouter();
  // Clicks come by one of these paths, letter for letter: finding that out by the router takes as long as checking them.
  const posts = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();

  const add = (
    method: 'get' | 'post',
    path: string,
    rateLimiter: RateLimiter,
    readBody: BodyReader,
    handler: FastPathHandler,
  ) => {
    const paths = withPrefix([path]);
    const endpoint = `${API_PREFIX}${path}`;
    const take = (request: IncomingMessage, response: ServerResponse) => {
      const context = new FastPathContext(options, method, endpoint, request, response);
      try {
        context.limits = rateLimiter(context.clientAddress(), request.socket);
        readBody(request, response, (error, body) => {
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
    get: (path, rateLimiter, handler) => add('get', path, rateLimiter, noBody, handler),
    post: (path, rateLimiter, readBody, handler) => add('post', path, rateLimiter, readBody, handler),
  };
  const listener: FastPathListener = (request, response, next) => {
    const take = request.method === 'POST' ? posts.get(request.url ?? '') : undefined;
    if (take !== undefined) take(request, response);
    // To what else there is, the router has answers of its own.
    else if (METHODS.has(request.method ?? '')) router(request as Request, response as Response, next);
    else next();
  };
  const takesEvents = ({ url = '' }: IncomingMessage) => posts.has(pathOf(url));
  return { fastPath, listener, routes: router.stack, takesEvents };
}

/** One request, from its beginning to the end of its answer. */
class FastPathContext implements RequestContext {
  readonly request: IncomingMessage;
  limits = NONE;
  readonly #options: FastPathOptions;
  readonly #headersFor: FastPathOptions['headersFor']['get'];
  readonly #response: ServerResponse;
  readonly #requestId: string;
  #trace: Trace | undefined;

  constructor(
    options: FastPathOptions,
    method: 'get' | 'post',
    endpoint: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    const startedAt = performance.now();
    this.request = request;
    this.#options = options;
    this.#headersFor = options.headersFor[method];
    this.#response = response;
    this.#requestId = identify(request);
    // `close` comes after a complete answer, and also when the caller went away before.
    response.on('close', () =>
      options.observer({ request, response, endpoint, startedAt, requestId: this.#requestId, trace: this.#trace }),
    );
  }

  clientAddress(): string | undefined {
    return this.#options.clientAddressOf(this.request);
  }

  answer(handler: FastPathHandler, body: unknown): void {
    try {
      const answer = handler(this, body);
      if (answer instanceof Promise) answer.then(this.#succeed, this.refuse);
      else this.#succeed(answer);
    } catch (error) {
      this.refuse(error);
    }
  }

  readonly #succeed = ({ status, body, headers = NONE }: Answer): void => this.#send(status, body, headers);

  readonly refuse = (thrown: unknown): void => {
    const error = toApiError(thrown);
    this.#trace = { error };
    const headers = Object.entries(error.headers).flat();
    const body = JSON.stringify(errorBody(error, this.#requestId));
    this.#send(error.status, body, headers.concat(NOT_STORED));
  };

  #send(status: number, body: string, more: HeaderList): void {
    const bytes = Buffer.byteLength(body);
    const common = this.#headersFor(this.request.headers.origin);
    this.#response.writeHead(status, headOf(this.#requestId, String(bytes), common, this.limits, more));
    // Of ASCII, which takes as many bytes as letters, the bytes are the same, and sooner made.
    sendWhole(this.#response, body, bytes === body.length ? 'latin1' : 'utf8');
  }
}

/** The one list for all heads: `writeHead` has read it when it returns, and a new one for each takes 0.5 µs. */
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

/** For answers that are true only now. */
export const NOT_STORED: HeaderList = ['Cache-Control', 'no-store'];

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

const noBody: BodyReader = (_request, _response, done) => done(undefined);

/** Without query and final slash, as the router sees it. */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
