import type { Shutdown } from '../process/shutdown.js';
import { within } from '../timers/within.js';
import type { Tracing, TracingOptions } from './tracing.js';
import type { TracingConfig } from './tracing-variables.js';

/** Longest time that the last spans may take at the shutdown. */
const LAST_EXPORT_MS = 2_000;

/**
 * Starts tracing if the configuration switches it on, and adds a shutdown hook that sends the last spans.
 *
 * The libraries of OpenTelemetry are loaded here, on first use: a process without tracing never loads them.
 */
export async function openTracing(
  options: TracingOptions & { readonly shutdown: Shutdown },
): Promise<Tracing | undefined> {
  const { config, shutdown } = options;
  if (!isTracingOn(config)) return undefined;
  const { startTracing } = await import('./open-telemetry.js');
  const { tracing, close } = startTracing(options);
  shutdown.add('tracing', () => within(LAST_EXPORT_MS, close(), () => undefined));
  return tracing;
}

function isTracingOn(config: TracingConfig): boolean {
  if (config.OTEL_SDK_DISABLED || config.OTEL_TRACES_EXPORTER === 'none') return false;
  const endpoint = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT;
  return config.OTEL_TRACES_EXPORTER === 'otlp' || endpoint !== undefined;
}
