import type { Check } from './check.js';
import { actions } from './checks/actions.js';
import { chartTemplates } from './checks/chart-templates.js';
import { compose } from './checks/compose.js';
import { composeConfig } from './checks/compose-config.js';
import { composeSchema } from './checks/compose-schema.js';
import { dashboards } from './checks/dashboards.js';
import { deployedServices } from './checks/deployed-services.js';
import { dockerfiles } from './checks/dockerfiles.js';
import { envExample } from './checks/env-example.js';
import { generated } from './checks/generated.js';
import { helmChart } from './checks/helm-chart.js';
import { k6Types } from './checks/k6-types.js';
import { kubernetesApi } from './checks/kubernetes-api.js';
import { kubernetesRules } from './checks/kubernetes-rules.js';
import { natsServer } from './checks/nats-server.js';
import { natsSettings } from './checks/nats-settings.js';
import { nginx } from './checks/nginx.js';
import { overlays } from './checks/overlays.js';
import { pages } from './checks/pages.js';
import { postgresConnections } from './checks/postgres-connections.js';
import { prometheusRules } from './checks/prometheus-rules.js';
import { promtool } from './checks/promtool.js';
import { queueLimits } from './checks/queue-limits.js';
import { routes } from './checks/routes.js';
import { runbook } from './checks/runbook.js';
import { scrapes } from './checks/scrapes.js';
import { versions } from './checks/versions.js';

/** Checks that need no external program. The tests run them too. */
export const OWN_CHECKS: readonly Check[] = [
  deployedServices,
  composeSchema,
  compose,
  envExample,
  dockerfiles,
  actions,
  routes,
  kubernetesApi,
  kubernetesRules,
  postgresConnections,
  natsSettings,
  queueLimits,
  scrapes,
  prometheusRules,
  runbook,
  dashboards,
  generated,
  chartTemplates,
  k6Types,
  versions,
  pages,
];

/** Checks that run external programs. A check is reported as skipped if its program is not installed. */
export const TOOL_CHECKS: readonly Check[] = [composeConfig, nginx, natsServer, overlays, helmChart, promtool];
