import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from './dashboard.js';
import { applicationOverview } from './dashboards/application-overview.js';
import { businessMetrics } from './dashboards/business-metrics.js';
import { errorTracking } from './dashboards/error-tracking.js';
import { systemHealth } from './dashboards/system-health.js';
import { kubernetesRules } from './kubernetes-rules.js';

export const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));

const RULES = join(projectRoot, 'infra/prometheus/rules');

/** What is written, by its path in the project. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const plan of [applicationOverview, systemHealth, businessMetrics, errorTracking]) {
    files.set(`grafana/dashboards/${plan.name}.json`, `${JSON.stringify(buildDashboard(plan), null, 2)}\n`);
  }
  const rules = readdirSync(RULES).sort();
  files.set(
    'k8s/overlays/monitoring/rules.yaml',
    kubernetesRules(rules.map((name) => readFileSync(join(RULES, name), 'utf8'))),
  );
  return files;
}
