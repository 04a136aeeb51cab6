import { AsyncLocalStorage } from 'node:async_hooks';

/** `server` answers a request, `producer` sends a message, `consumer` processes one, and `client` calls a dependency. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** By default `internal`. */
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
  /** Spans of other traces that share this work. */
  readonly links?: readonly Span[];
}

/** The result of the work of a span. */
export interface SpanEnd {
  /** Replaces the name of the span. */
  readonly name?: string;
  readonly attributes?: SpanAttributes;
  /** Why the work failed; undefined if it succeeded. */
  readonly error?: unknown;
}

/** The record of one piece of work in a sampled trace. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** The value of the header `traceparent` (W3C Trace Context) for messages to other processes. */
  readonly traceparent: string;
  /** True until `end`. */
  isOpen(): boolean;
  /** Begins a span of the same trace. */
  begin(name: string, options?: SpanOptions): Span;
  /** Further calls have no effect. */
  end(end?: SpanEnd): void;
}

const spans = new AsyncLocalStorage<Span | undefined>();

/** Calls `work`. Its asynchronous calls have `span` as their {@link currentSpan}; with undefined they have none. */
export function withSpan<T>(span: Span | undefined, work: () => T): T {
  return spans.run(span, work);
}

/**
 * The span in which this code runs. Undefined outside of sampled requests, and after the span has ended: a timer that a request
 * starts may run for longer than the request.
 */
export function currentSpan(): Span | undefined {
  const span = spans.getStore();
  return span?.isOpen() ? span : undefined;
}

/** Calls `work` in a span below the current one, or without a span if there is none. */
export function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const parent = currentSpan();
  return parent === undefined ? work() : endAfter(parent.begin(name, options), work);
}

/** Calls `work` in `span`, and ends the span with its result. */
export async function endAfter<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await withSpan(span, work);
    span.end();
    return result;
  } catch (error) {
    span.end({ error });
    throw error;
  }
}
