import { API_PREFIX, type ApiError } from '@ads/contract';
import { type Logger, type Metrics, managementPath, type Reply, type RequestHead } from '@ads/runtime';
import type { Request, RequestHandler, Response } from 'express';
import { identify, REQUEST_ID_HEADER } from './request-id.js';
import { type AnsweredRequest, createRequestLog } from './request-log.js';
import { ResponseReply } from './response-reply.js';

export interface Observer {
  /** Counts and logs a request whose response was sent or abandoned, or whose stream begins. */
  answered(observed: ObservedRequest): void;
  /** Logs a stream that has ended. */
  streamEnded(observed: ObservedRequest): void;
}

/** A request on its way through Express or the fast path: its id, and what its log line and its metrics need. */
export class ObservedRequest {
  readonly request: RequestHead;
  readonly reply: Reply;
  readonly requestId: string;
  /** By the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  /** Label in the metrics. Undefined in Express, where it is known only after routing. */
  readonly endpoint: string | undefined;
  error: ApiError | undefined;
  /** Why a stream ended; undefined for any other response. */
  streamEnd: string | undefined;
  readonly #observer: Observer;

  constructor(observer: Observer, request: RequestHead, reply: Reply, endpoint?: string) {
    this.request = request;
    this.reply = reply;
    this.requestId = identify(request);
    this.endpoint = endpoint;
    this.#observer = observer;
    reply.onClose(() => (this.streamEnd === undefined ? observer.answered(this) : observer.streamEnded(this)));
  }

  /**
   * Counts the request now. The response is a stream that stays open for as long as its client reads it, so its duration says
   * nothing about the service.
   */
  beginStream(): void {
    this.streamEnd = 'client_gone';
    this.#observer.answered(this);
  }
}

const UNMATCHED = 'unmatched';

/** The status that nginx logs when the client disconnects before the response. */
const CLIENT_GONE = 499;

export function createObserver(metrics: Metrics, logger: Logger): Observer {
  const log = createRequestLog(logger);
  return {
    answered(observed) {
      const line = answeredRequest(observed);
      metrics.requests.add(line.method, line.endpoint, line.status, line.seconds);
      log.answered(line);
    },
    streamEnded: (observed) => log.streamEnded(answeredRequest(observed), observed.streamEnd ?? ''),
  };
}

/** The data of a request for its log line, its metrics and its span. */
export function answeredRequest(observed: ObservedRequest): AnsweredRequest {
  const { request, reply, requestId, startedAt, error, streamEnd } = observed;
  const isWhole = reply.isSent || streamEnd !== undefined;
  return {
    method: request.method ?? '',
    endpoint: observed.endpoint ?? endpointOf(request as Request),
    status: isWhole ? reply.statusCode : CLIENT_GONE,
    seconds: (performance.now() - startedAt) / 1_000,
    requestId,
    error,
  };
}

/** Gives a request of Express its id, and counts and logs it at the end. */
export function observe(observer: Observer): RequestHandler {
  return (request, response, next) => {
    const observed = new ObservedRequest(observer, request, new ResponseReply(response));
    response.locals.observed = observed;
    response.setHeader(REQUEST_ID_HEADER, observed.requestId);
    next();
  };
}

/** The request that {@link observe} has attached to a response of Express. */
export function observedOf(response: Response): ObservedRequest {
  return response.locals.observed as ObservedRequest;
}

/** The template of the path. The path itself cannot be a label: clients choose it, and labels must have few values. */
function endpointOf(request: Request): string {
  const label: unknown = request.res?.locals.endpoint;
  if (typeof label === 'string') return label;
  const path: unknown = request.route?.path;
  if (typeof path === 'string') return `${API_PREFIX}${path}`;
  // The 405 of a path on the fast path: the path with the prefix comes first.
  if (Array.isArray(path)) return managementPath(request.originalUrl) ?? String(path[0]);
  return managementPath(request.originalUrl) ?? UNMATCHED;
}

/**
 * Counts a request of Express whose response is a stream, after its head was written. The end of the stream is logged with its
 * duration.
 *
 * @returns sets the reason of the end for the log; by default it is `client_gone`
 */
export function beginStream(response: Response): (reason: string) => void {
  const observed = observedOf(response);
  observed.beginStream();
  return (reason) => {
    observed.streamEnd = reason;
  };
}

/** Sets the label in the metrics for handlers that are not routes, such as static files. */
export function labelled(endpoint: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.endpoint = endpoint;
    next();
  };
}
