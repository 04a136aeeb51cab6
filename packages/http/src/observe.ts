import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Logger, type Metrics, managementPath } from '@ads/runtime';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiError } from './errors.js';
import { API_PREFIX } from './paths.js';
import { identify, REQUEST_ID_HEADER } from './request-id.js';
import { createRequestLog } from './request-log.js';

/** What the handlers of one request leave for its log line and its metrics. */
export interface Trace {
  /** Set by a handler that is no route (static files): the label in the metrics. */
  endpoint?: string;
  error?: ApiError;
}

/** A request that was answered, or whose caller went away before. */
interface Done {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly endpoint: string;
  /** By the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly requestId: string;
  readonly trace: Trace | undefined;
}

/** Counts and logs what was answered. */
export type Observer = (done: Done) => void;

const UNMATCHED = 'unmatched';

/** As nginx has it: nobody was there any more to take the answer. */
const CLIENT_GONE = 499;

export function createObserver(metrics: Metrics, logger: Logger): Observer {
  const log = createRequestLog(logger);
  return ({ request, response, endpoint, startedAt, requestId, trace }) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const { method = '' } = request;
    const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
    metrics.requests.add(method, endpoint, status, seconds);
    log({ method, endpoint, status, seconds, requestId, error: trace?.error });
  };
}

/** Gives the request its id, and has the answer counted and logged when it is done. */
export function observe(observer: Observer): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestId = identify(request);
    response.setHeader(REQUEST_ID_HEADER, requestId);
    // `close` comes after a complete answer, and also when the caller went away before.
    response.once('close', () => {
      const trace = traceOf(response);
      observer({ request, response, endpoint: trace.endpoint ?? endpointOf(request), startedAt, requestId, trace });
    });
    next();
  };
}

/** Never the path itself, which callers choose: labels must be few. */
function endpointOf(request: Request): string {
  const path: unknown = request.route?.path;
  if (typeof path === 'string') return `${API_PREFIX}${path}`;
  // A path of the fast path, with the prefix first.
  if (Array.isArray(path)) return managementPath(request.originalUrl) ?? String(path[0]);
  return managementPath(request.originalUrl) ?? UNMATCHED;
}

export function traceOf(response: Response): Trace {
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
