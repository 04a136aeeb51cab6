import type { AdEvent } from '@ads/models';
import { currentSpan, endAfter, type Span, withSpan } from '@ads/runtime';

/** Connects the spans of sampled requests with the batches that store their events. */
export interface BatchTraces {
  /** Remembers the current span of an event, and returns the event. */
  noted(event: AdEvent): AdEvent;
  /** Calls `store` in the span of the batch, or outside of any span if no request of its events is sampled. */
  ofBatch<T>(events: readonly AdEvent[], store: () => Promise<T>): Promise<T>;
}

/**
 * A batch has events of many requests, and one span: below the span of its first sampled request, with links to the spans of the
 * others, as the messaging conventions of OpenTelemetry ask for batches. Without sampled requests it has no span.
 */
export function traceBatches(): BatchTraces {
  const spans = new WeakMap<AdEvent, Span>();
  return {
    noted(event) {
      const span = currentSpan();
      if (span !== undefined) spans.set(event, span);
      return event;
    },
    ofBatch(events, store) {
      const [first, ...others] = new Set(events.flatMap((event) => spans.get(event) ?? []));
      // The batch begins in the context of a request whose events may be in another one.
      if (first === undefined) return withSpan(undefined, store);
      const attributes = { 'ads.events': events.length };
      return endAfter(first.begin('store events', { attributes, links: others }), store);
    },
  };
}
