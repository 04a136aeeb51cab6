import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@ads/local';
import { buildDashboard } from './dashboard.js';
import { applicationOverview } from './dashboards/application-overview.js';
import { businessMetrics } from './dashboards/business-metrics.js';
import { errorTracking } from './dashboards/error-tracking.js';
import { systemHealth } from './dashboards/system-health.js';
import { objectiveRules } from './objective.js';
import { published } from './published.js';
import { Rules } from './rules.js';
import { objectivesPage } from './slo-page.js';

const RULES = 'infra/monitoring/rules';

const KUBERNETES_HEAD = `# Written by npm run generate, from infra/monitoring/rules: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ads-metric-tracker
  namespace: ads-metric-tracker
  labels:
    app.kubernetes.io/name: ads-metric-tracker
    app.kubernetes.io/component: rules
    app.kubernetes.io/part-of: ads-metric-tracker
spec:
  groups:
`;

/** The text of each generated file, by its path in the project. */
export function generatedFiles(): Map<string, string> {
  const objective = `${RULES}/ingest-objective.yml`;
  const grafana = inCompose(/image: grafana\/grafana:([\d.]+)/);
  const keptDays = inCompose(/--storage\.tsdb\.retention\.time=(\d+)d/);
  const files = new Map([[objective, objectiveRules()]]);
  for (const plan of [applicationOverview, systemHealth, businessMetrics, errorTracking]) {
    const dashboard = buildDashboard(plan);
    files.set(`grafana/dashboards/${plan.name}.json`, jsonOf(dashboard));
    files.set(`grafana/published/${plan.name}.json`, jsonOf(published(dashboard, grafana)));
  }
  const paths = readdirSync(join(projectRoot, RULES)).map((name) => `${RULES}/${name}`);
  const rules = paths.sort().map((path) => files.get(path) ?? read(path));
  files.set('k8s/overlays/monitoring/rules.yaml', kubernetesRules(rules));
  files.set('infra/monitoring/SLO.md', objectivesPage(new Rules(rules), keptDays));
  return files;
}

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A value of docker-compose.prod.yaml: the first group of the expression. @throws Error if there is none */
function inCompose(expression: RegExp): string {
  const [, value] = expression.exec(read('docker-compose.prod.yaml')) ?? [];
  if (value === undefined) throw new Error(`docker-compose.prod.yaml has no ${expression}`);
  return value;
}

/** The rule groups of all files as a resource of the Prometheus operator, whose groups have the same format. */
function kubernetesRules(files: readonly string[]): string {
  const groups = files.map((file) => {
    const [, body] = file.split(/^groups:\n/m);
    if (body === undefined) throw new Error('A file of rules has no line "groups:"');
    return body.trimEnd().replace(/^(?=.)/gm, '  ');
  });
  return `${KUBERNETES_HEAD}${groups.join('\n')}\n`;
}
