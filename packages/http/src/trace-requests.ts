import { type Metrics, managementPath, type RequestHead, type Span, type Tracing, withSpan } from '@ads/runtime';
import type { ApiHandlers } from './api-handlers.js';
import type { FastPath } from './fast-path.js';
import { answeredRequest, type ObservedRequest, type Observer } from './observe.js';

/** Wraps the parts of an API that a request passes, so that sampled requests run in a span. */
export interface RequestTraces {
  /** Begins the spans. */
  api(api: ApiHandlers): ApiHandlers;
  /** Runs the handlers of sampled requests in their spans: Node reads a body outside of them. */
  fastPath(fastPath: FastPath): FastPath;
  /** Logs sampled requests in their spans, counts them as exemplars, and ends the spans. */
  observer(observer: Observer): Observer;
}

/** Names and attributes follow the conventions of OpenTelemetry for HTTP servers. */
export function traceRequests(tracing: Tracing, metrics: Pick<Metrics, 'requests'>): RequestTraces {
  const spans = new WeakMap<RequestHead, Span>();

  const inSpanOf =
    <Context extends { readonly request: RequestHead }, Input, Output>(
      handler: (context: Context, input: Input) => Output,
    ) =>
    (context: Context, input: Input): Output => {
      const span = spans.get(context.request);
      return span === undefined ? handler(context, input) : withSpan(span, () => handler(context, input));
    };

  /** Runs the work of a sampled request in its span. */
  const begin = <Output>(request: RequestHead, work: () => Output): Output => {
    const { method = '', url = '', headers } = request;
    const span = tracing.beginRequest(method, headers.traceparent as string | undefined);
    // A span that never ends is never sent.
    if (span === undefined || managementPath(url) !== undefined) return work();
    spans.set(request, span);
    return withSpan(span, work);
  };

  const end = (span: Span, observed: ObservedRequest): void => {
    const { method, endpoint, status, seconds, requestId, error } = answeredRequest(observed);
    metrics.requests.exemplify(method, endpoint, seconds, span);
    span.end({
      name: `${method} ${endpoint}`,
      attributes: {
        'http.request.method': method,
        'http.route': endpoint,
        'http.response.status_code': status,
        'ads.request_id': requestId,
        ...(error === undefined ? {} : { 'error.type': error.code }),
      },
      error: status >= 500 ? (error?.cause ?? error) : undefined,
    });
  };

  return {
    api: ({ handler, wholeHandler }) => ({
      handler: (request, response) => begin(request, () => handler(request, response)),
      wholeHandler: (request, reply) => begin(request, () => wholeHandler(request, reply)),
    }),
    fastPath: (fastPath) => ({
      get: (path, limit, handler) => fastPath.get(path, limit, inSpanOf(handler)),
      post: (path, limit, readBody, handler) => fastPath.post(path, limit, readBody, inSpanOf(handler)),
      tag: (path, route) => fastPath.tag(path, { ...route, handler: inSpanOf(route.handler) }),
    }),
    observer: (observer) => ({
      answered(observed) {
        const span = spans.get(observed.request);
        if (span === undefined) return observer.answered(observed);
        withSpan(span, () => observer.answered(observed));
        end(span, observed);
      },
      streamEnded: observer.streamEnded,
    }),
  };
}
