import type { Logger } from '../log/logger.js';
import type { Span, SpanOptions } from './span.js';
import type { TracingConfig } from './tracing-variables.js';

export interface TracingOptions {
  readonly service: string;
  readonly version: string;
  readonly config: TracingConfig;
  readonly logger: Logger;
}

/** Begins the traces of a process. */
export interface Tracing {
  /**
   * Begins the span of a request.
   *
   * @param traceparent the header of the client. It is ignored unless `OTEL_TRACES_SAMPLER` begins with `parentbased_`
   * @returns undefined if the request is not sampled
   */
  beginRequest(method: string, traceparent: string | undefined): Span | undefined;
  /**
   * Continues the trace of another service.
   *
   * @param traceparent the header of its message
   * @returns undefined if the header is missing or not valid, or says that the trace is not sampled
   */
  continueTrace(name: string, traceparent: string | undefined, options: SpanOptions): Span | undefined;
}
