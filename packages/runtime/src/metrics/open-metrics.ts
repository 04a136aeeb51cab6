import {
  type Metric,
  type MetricObjectWithValues,
  type MetricValue,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client';
import type { Metrics } from './metrics.js';

/** The parts of a metric that a registry renders. */
interface Readable {
  readonly name: string;
  get(): Promise<MetricObjectWithValues<MetricValue<string>>>;
}

/**
 * Renders the metrics as OpenMetrics, which has exemplars.
 *
 * A registry of prom-client has one format, and renames its counters for OpenMetrics: then its Prometheus format would lack the
 * names that end in `_total`. So the metrics are read through a second registry, which leaves them as they are.
 */
export async function renderOpenMetrics({ registry, labels }: Pick<Metrics, 'registry' | 'labels'>): Promise<string> {
  const open = new Registry<OpenMetricsContentType>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  open.setDefaultLabels(labels);
  for (const metric of registry.getMetricsAsArray()) {
    open.registerMetric(familyOf(metric as unknown as Readable) as unknown as Metric);
  }
  return await open.metrics();
}

/** A metric by the name of its family, to which prom-client adds `_total` for the samples of a counter. */
function familyOf(metric: Readable): Readable {
  return {
    name: metric.name,
    async get() {
      const read = await metric.get();
      return { ...read, name: read.name.replace(/_total$/, '') };
    },
  };
}
