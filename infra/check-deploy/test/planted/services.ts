import { deployedServices } from '../../src/checks/deployed-services.js';
import type { Planted } from './planted.js';

/** A missing part has no line, so the first line of the file is reported. */
const missing = (file: string, [before, after]: [string, string], says: RegExp): Planted => ({
  check: deployedServices,
  file,
  find: new RegExp(`^([\\s\\S]*?)${before}`),
  replace: `$1${after}`,
  says,
});

export const SERVICES_MISSING: readonly Planted[] = [
  missing('infra/docker/Dockerfile', ['AS consumer\\n', 'AS consume\n'], /^has no target for the service consumer$/),
  missing(
    'docker-compose.prod.yaml',
    ['\\n  analytics:', '\n  analyses:'],
    /^has no Compose service with its image for the service analytics$/,
  ),
  missing(
    'docker-compose.prod.yaml',
    ['tracker/consumer:', 'tracker/ingest:'],
    /^has no Compose service with its image for the service consumer$/,
  ),
  missing(
    'k8s/base/kustomization.yaml',
    ['  - 51-consumer.yaml\\n', ''],
    /^has no Deployment with its image for the service consumer$/,
  ),
  missing('k8s/base/kustomization.yaml', ['  - 51-consumer.yaml\\n', ''], /^has no Service for the service consumer$/),
  missing(
    'k8s/base/60-ingress.yaml',
    ['name: analytics[\\s\\S]*name: analytics', 'name: ingest'],
    /^has no path for the service analytics$/,
  ),
  missing(
    'infra/gateway/routes.conf',
    [' analytics;([\\s\\S]*) analytics;', ' ingest;$2 ingest;'],
    /^has no path for the service analytics$/,
  ),
  missing(
    'infra/gateway/upstreams.conf',
    ['upstream analytics', 'upstream ingest'],
    /^has no upstream for the service analytics$/,
  ),
  missing(
    'infra/monitoring/prometheus.yml',
    ['job_name: consumer', 'job_name: consume'],
    /^has no job for the service consumer$/,
  ),
  missing(
    'k8s/overlays/monitoring/pod-monitor.yaml',
    ['consumer, ', ''],
    /^has no value of the selector for the service consumer$/,
  ),
  missing(
    'infra/monitoring/rules/processes.yml',
    ['absent\\(up\\{job="consumer"\\}\\) or ', ''],
    /^has no absent\(\) in ServiceDown for the service consumer$/,
  ),
];
