import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from './dashboard.js';
import { applicationOverview } from './dashboards/application-overview.js';
import { businessMetrics } from './dashboards/business-metrics.js';
import { errorTracking } from './dashboards/error-tracking.js';
import { systemHealth } from './dashboards/system-health.js';
import { kubernetesRules } from './kubernetes-rules.js';
import { objectiveRules } from './objective.js';

export const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));

const RULES = 'infra/monitoring/rules';

/** The text of each generated file, by its path in the project. */
export function generatedFiles(): Map<string, string> {
  const objective = `${RULES}/ingest-objective.yml`;
  const files = new Map([[objective, objectiveRules()]]);
  for (const plan of [applicationOverview, systemHealth, businessMetrics, errorTracking]) {
    files.set(`grafana/dashboards/${plan.name}.json`, `${JSON.stringify(buildDashboard(plan), null, 2)}\n`);
  }
  const written = readdirSync(join(projectRoot, RULES)).map((name) => `${RULES}/${name}`);
  const rules = [...new Set([...written, objective])].sort();
  files.set(
    'k8s/overlays/monitoring/rules.yaml',
    kubernetesRules(rules.map((path) => files.get(path) ?? readFileSync(join(projectRoot, path), 'utf8'))),
  );
  return files;
}
