import {
  type HttpConfig,
  type Logger,
  type Metrics,
  OPERATION_PATHS,
  type Operations,
  operationPath,
} from '@ads/runtime';
import cors from 'cors';
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import helmet from 'helmet';
import { errorBody, methodNotAllowed, notFound, toApiError } from './errors.js';
import { identify, REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { createRequestLog } from './request-log.js';

export const API_PREFIX = '/api/v1';

const UNMATCHED = 'unmatched';

/** What the handlers of one request leave for its log line and its metrics. */
interface Trace {
  /** Set by a handler that is no route (static files): the label in the metrics. */
  endpoint?: string;
  code?: string;
  cause?: unknown;
}

/**
 * The Express app around the routes of a service, each of which answers with and without
 * `/api/v1`. `routes` must add its paths to the router directly (`router.get(...)`), so that a
 * wrong method on one of them is a 405.
 */
export function createApi(options: {
  config: HttpConfig;
  logger: Logger;
  metrics: Metrics;
  operations: Operations;
  routes: (router: Router) => void;
}): Express {
  const { config, logger, metrics, operations, routes } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', trustProxy(config));

  app.use(observe(metrics, logger));
  app.use(securityHeaders());
  app.use(crossOrigin(config));
  app.use((request, response, next) => {
    if (!operations(request, response)) next();
  });

  const router = express.Router();
  routes(router);
  refuseOtherMethods(router);
  app.use(API_PREFIX, router);
  app.use('/', router);

  app.all(withPrefix(OPERATION_PATHS), (request) => {
    throw methodNotAllowed(request.method, ['GET', 'HEAD']);
  });
  app.use(() => {
    throw notFound();
  });
  app.use(answerErrors);
  return app;
}

function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [path, `${API_PREFIX}${path}`]);
}

/** Express takes a list that it may keep, so it gets its own. */
function trustProxy({ TRUST_PROXY }: HttpConfig): boolean | number | string[] {
  return typeof TRUST_PROXY === 'object' ? [...TRUST_PROXY] : TRUST_PROXY;
}

/** Gives the request its id, and counts and logs the answer when it is done. */
function observe(metrics: Metrics, logger: Logger): RequestHandler {
  const log = createRequestLog(logger);
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestId = identify(request, response);
    // `close` comes after a complete answer, and also when the caller went away before.
    response.once('close', () => {
      const { method } = request;
      const trace = traceOf(response);
      const endpoint = trace.endpoint ?? endpointOf(request);
      const seconds = (performance.now() - startedAt) / 1_000;
      const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
      metrics.httpRequests.inc({ method, endpoint, status_code: status });
      metrics.httpDuration.observe({ method, endpoint }, seconds);
      log({ method, endpoint, status, seconds, requestId, code: trace.code, cause: trace.cause });
    });
    next();
  };
}

/** As nginx has it: nobody was there any more to take the answer. */
const CLIENT_GONE = 499;

/** Never the path itself, which callers choose: labels must be few. */
function endpointOf(request: express.Request): string {
  const path: unknown = request.route?.path;
  if (typeof path === 'string') return `${API_PREFIX}${path}`;
  return operationPath(request.originalUrl) ?? UNMATCHED;
}

function traceOf(response: Response): Trace {
  return response.locals as Trace;
}

/**
 * Says what the metrics call the requests that are answered by the next handlers, for those that
 * are no route (static files).
 */
export function labelled(endpoint: string): RequestHandler {
  return (_request, response, next) => {
    traceOf(response).endpoint = endpoint;
    next();
  };
}

/** For an API: nothing may be loaded or framed. A route that gives out a page sets its own policy. */
function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Players run on other origins; whom they may be is for CORS to say.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}

function crossOrigin({ CORS_ORIGINS }: HttpConfig): RequestHandler {
  return cors({
    origin: CORS_ORIGINS === '*' ? '*' : [...CORS_ORIGINS],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['Content-Type', 'Idempotency-Key', REQUEST_ID_HEADER],
    exposedHeaders: [REQUEST_ID_HEADER, 'RateLimit', 'RateLimit-Policy', 'Retry-After'],
    // Two hours are the most that browsers keep it.
    maxAge: 7_200,
  });
}

/** Behind the routes: who comes here has a path that exists, and another method. */
function refuseOtherMethods(router: Router): void {
  const allowed = new Map<string, Set<string>>();
  for (const { route } of router.stack) {
    if (route === undefined) continue;
    const methods = allowed.get(route.path) ?? new Set();
    for (const { method } of route.stack) {
      if (method === 'get') methods.add('GET').add('HEAD');
      else methods.add(method.toUpperCase());
    }
    allowed.set(route.path, methods);
  }
  for (const [path, methods] of allowed) {
    router.all(path, (request) => {
      throw methodNotAllowed(request.method, [...methods]);
    });
  }
}

const answerErrors: ErrorRequestHandler = (thrown: unknown, _request, response, _next) => {
  const error = toApiError(thrown);
  const trace = traceOf(response);
  trace.code = error.code;
  trace.cause = error.cause ?? error;
  // Half of an answer is out: cutting it off is the only way to say that it is no good.
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What was said about the file that is not given out now.
  for (const name of ['Accept-Ranges', 'Content-Range', 'ETag', 'Last-Modified']) response.removeHeader(name);
  response
    .status(error.status)
    .set(error.headers)
    .set('Cache-Control', 'no-store')
    .type('json')
    .json(errorBody(error, requestIdOf(response)));
};
