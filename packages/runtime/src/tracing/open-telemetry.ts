import { randomUUID } from 'node:crypto';
import {
  type Context,
  SpanKind as Kind,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../log/logger.js';
import { reasonOf } from '../log/reason.js';
import type { Span, SpanEnd, SpanKind, SpanOptions } from './span.js';
import type { Tracing, TracingOptions } from './tracing.js';
import type { TracingConfig } from './tracing-variables.js';

/**
 * Starts the SDK. Spans wait in a queue and are sent in the background, one request at a time. The SDK drops spans that do not fit
 * into the queue. It reads further standard variables itself, such as `OTEL_BSP_MAX_QUEUE_SIZE` (2,048 spans by default).
 *
 * @returns the tracing, and a function that sends the waiting spans and ends the SDK
 */
export function startTracing({ service, version, config, logger }: TracingOptions): {
  readonly tracing: Tracing;
  readonly close: () => Promise<void>;
} {
  const exporter = new OTLPTraceExporter({
    url: urlOf(config),
    headers: { ...config.OTEL_EXPORTER_OTLP_HEADERS },
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'service.namespace': 'ads-metric-tracker',
      'service.instance.id': randomUUID(),
      ...config.OTEL_RESOURCE_ATTRIBUTES,
      ...(config.OTEL_SERVICE_NAME === undefined ? {} : { 'service.name': config.OTEL_SERVICE_NAME }),
    }),
    // Spans below a sampled span are sampled.
    sampler: new ParentBasedSampler({ root: samplerOf(config) }),
    spanProcessors: [new BatchSpanProcessor(reporting(exporter, logger))],
  });
  const tracer = provider.getTracer('@ads/runtime');
  const followsClients = config.OTEL_TRACES_SAMPLER.startsWith('parentbased_');
  const begin = (name: string, parent: Context, options: SpanOptions): Span | undefined => {
    const span = startSpan(tracer, name, parent, options);
    return span.isRecording() ? new RecordedSpan(tracer, span) : undefined;
  };
  return {
    tracing: {
      beginRequest: (method, traceparent) =>
        begin(method, (followsClients && contextOf(traceparent)) || ROOT_CONTEXT, SERVER),
      continueTrace(name, traceparent, options) {
        const parent = contextOf(traceparent);
        return parent === undefined ? undefined : begin(name, parent, options);
      },
    },
    close: () => provider.shutdown(),
  };
}

const SERVER: SpanOptions = { kind: 'server' };

/** The endpoint for all signals is the address below which `/v1/traces` is. */
function urlOf(config: TracingConfig): string {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: all } = config;
  return traces ?? `${(all ?? 'http://localhost:4318').replace(/\/$/, '')}/v1/traces`;
}

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: TracingConfig): Sampler {
  if (name.endsWith('always_on')) return new AlwaysOnSampler();
  if (name.endsWith('always_off')) return new AlwaysOffSampler();
  return new TraceIdRatioBasedSampler(share);
}

function contextOf(traceparent: string | undefined): Context | undefined {
  const remote = traceparent === undefined ? null : parseTraceParent(traceparent);
  return remote === null ? undefined : trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true });
}

const KINDS: Readonly<Record<SpanKind, Kind>> = {
  internal: Kind.INTERNAL,
  server: Kind.SERVER,
  client: Kind.CLIENT,
  producer: Kind.PRODUCER,
  consumer: Kind.CONSUMER,
};

function startSpan(tracer: Tracer, name: string, parent: Context, options: SpanOptions): OtelSpan {
  const { kind = 'internal', attributes = {}, links = [] } = options;
  const contexts = links.map(({ traceId, spanId }) => ({ context: { traceId, spanId, traceFlags: SAMPLED } }));
  return tracer.startSpan(name, { kind: KINDS[kind], attributes, links: contexts }, parent);
}

const SAMPLED = 1;

class RecordedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly #tracer: Tracer;
  readonly #span: OtelSpan;

  constructor(tracer: Tracer, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
    ({ traceId: this.traceId, spanId: this.spanId } = span.spanContext());
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`;
  }

  isOpen(): boolean {
    return this.#span.isRecording();
  }

  begin(name: string, options: SpanOptions = {}): Span {
    const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
    return new RecordedSpan(this.#tracer, startSpan(this.#tracer, name, parent, options));
  }

  end({ name, attributes, error }: SpanEnd = {}): void {
    if (!this.isOpen()) return;
    if (name !== undefined) this.#span.updateName(name);
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: reasonOf(error) });
    this.#span.end();
  }
}

/** Logs when exports begin to fail, and when they work again. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let lost = 0;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) {
          if (lost === 0) {
            logger.warn(
              'spans could not be sent to the OpenTelemetry collector: they are lost; requests are not affected',
              {
                event: 'tracing.export_failed',
                error: result.error,
              },
            );
          }
          lost += spans.length;
        } else if (lost > 0) {
          logger.info(`spans reach the OpenTelemetry collector again: ${lost} were lost`, {
            event: 'tracing.export_recovered',
            spans: lost,
          });
          lost = 0;
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
