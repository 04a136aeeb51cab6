import { parser } from '@prometheus-io/lezer-promql';
import type { Repository } from './repository.js';
import { items, text } from './shape.js';

/** Of Prometheus itself, of Node by prom-client, and what each scrape brings along. */
const OF_OTHERS = /^(up|ALERTS|scrape_\w+|prometheus_\w+|process_\w+|nodejs_\w+)$/;

/** The library's metrics, and the histogram of requests, which is our own. */
const MADE = /(?:new (Counter|Gauge|Histogram)\(|durations = )\{\s*name: '(\w+)'/g;

/** Tells whether a metric is one that our code makes, that a recording rule records, or that everybody has. */
export function knownMetrics(repository: Repository): (name: string) => boolean {
  const sources = ['packages', 'services'].flatMap((folder) => repository.files(folder, /\/src\/.*\.ts$/));
  const made = sources.flatMap((file) =>
    [...repository.text(file).matchAll(MADE)].flatMap(([, type, name = '']) =>
      type === 'Counter' || type === 'Gauge' ? [name] : ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`),
    ),
  );
  const recorded = ruleFiles(repository).flatMap((file) =>
    repository
      .yaml(file)
      .documents.flatMap(({ value }) =>
        items(value, 'groups').flatMap((group) => items(group, 'rules').map((rule) => text(rule, 'record'))),
      ),
  );
  const known = new Set([...made, ...recorded]);
  return (name) => known.has(name) || OF_OTHERS.test(name);
}

export function ruleFiles(repository: Repository): string[] {
  return repository.files('infra/prometheus/rules', /\.ya?ml$/);
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
