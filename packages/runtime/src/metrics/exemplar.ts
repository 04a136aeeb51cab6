import type { Span } from '../tracing/span.js';

/** A sampled observation of a histogram bucket, in the form of prom-client. Only OpenMetrics shows it. */
export interface Exemplar {
  readonly labelSet: { readonly trace_id: string; readonly span_id: string };
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

export function exemplarOf({ traceId, spanId }: Pick<Span, 'traceId' | 'spanId'>, value: number): Exemplar {
  return { labelSet: { trace_id: traceId, span_id: spanId }, value, timestamp: Date.now() / 1_000 };
}
