import { parser } from '@prometheus-io/lezer-promql';
import type { Repository } from './repository.js';
import { seriesOfServices } from './service-metrics.js';
import { placesAt } from './shape.js';

/** Series that Prometheus itself creates. */
const OF_PROMETHEUS = /^(up|ALERTS|scrape_\w+|prometheus_\w+)$/;

/** Returns a function that tells whether a service, a recording rule or Prometheus itself provides a metric. */
export async function knownMetrics(repository: Repository): Promise<(name: string) => boolean> {
  const documents = ruleFiles(repository).flatMap((file) => repository.yaml(file).documents);
  const rules = documents.flatMap(({ value }) => placesAt(value, 'groups', '*', 'rules', '*', 'record'));
  const known = new Set([...(await seriesOfServices()), ...rules.map(({ value }) => value)]);
  return (name) => known.has(name) || OF_PROMETHEUS.test(name);
}

export function ruleFiles(repository: Repository): string[] {
  return repository.files('infra/monitoring/rules', /\.ya?ml$/);
}

export function ruleTests(repository: Repository): string[] {
  return repository.files('infra/monitoring/test/rules', /\.ya?ml$/);
}

/** The distinct names of the metrics that a PromQL expression selects. */
export function metricsIn(expression: string): string[] {
  const names = new Set<string>();
  parser.parse(expression).iterate({
    enter({ name, node, from, to }) {
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') names.add(expression.slice(from, to));
    },
  });
  return [...names];
}
