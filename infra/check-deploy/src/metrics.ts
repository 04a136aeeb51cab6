import { parser } from '@prometheus-io/lezer-promql';
import type { Repository } from './repository.js';
import { seriesOfServices } from './service-metrics.js';
import { items, text } from './shape.js';

/** Series that Prometheus itself makes. */
const OF_PROMETHEUS = /^(up|ALERTS|scrape_\w+|prometheus_\w+)$/;

/** Tells whether a metric is one that a service shows, that a recording rule records, or that Prometheus makes. */
export async function knownMetrics(repository: Repository): Promise<(name: string) => boolean> {
  const recorded = ruleFiles(repository).flatMap((file) =>
    repository
      .yaml(file)
      .documents.flatMap(({ value }) =>
        items(value, 'groups').flatMap((group) => items(group, 'rules').map((rule) => text(rule, 'record'))),
      ),
  );
  const known = new Set([...(await seriesOfServices()), ...recorded]);
  return (name) => known.has(name) || OF_PROMETHEUS.test(name);
}

export function ruleFiles(repository: Repository): string[] {
  return repository.files('infra/monitoring/rules', /\.ya?ml$/);
}

/** The names of the metrics that an expression of PromQL selects, each once. */
export function metricsIn(expression: string): string[] {
  const names = new Set<string>();
  parser.parse(expression).iterate({
    enter({ name, node, from, to }) {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.add(expression.slice(from, to));
    },
  });
  return [...names];
}
