import { chartTemplates } from '../../src/checks/chart-templates.js';
import { kubernetesRules } from '../../src/checks/kubernetes-rules.js';
import { pages } from '../../src/checks/pages.js';
import { postgresConnections } from '../../src/checks/postgres-connections.js';
import { routes } from '../../src/checks/routes.js';
import { scrapes } from '../../src/checks/scrapes.js';
import { versions } from '../../src/checks/versions.js';
import type { Planted } from './planted.js';

const HTTP_ROUTE = { check: routes, file: 'k8s/components/gateway-api/http-route.yaml' };
const MAX_CONNECTIONS = /-cmax_connections=\d+/;

/** Mistakes in how the tracker meets a cluster: its routes, controllers, monitoring and limits. */
export const CLUSTER: readonly Planted[] = [
  {
    ...HTTP_ROUTE,
    find: 'value: /api/v1/ads/analytics',
    replace: 'value: /api/v1/ads/stats',
    at: '        - path:\n            type: PathPrefix\n            value: /api/v1/ads\n',
    says: /^\/api\/v1\/ads\/analytics is routed to ingest; it should be routed to analytics$/,
  },
  { ...HTTP_ROUTE, find: 'port: 8082', replace: 'port: 8080', says: /listens on 8082/ },
  {
    check: kubernetesRules,
    file: 'k8s/base/20-network-policies.yaml',
    find: /ingress:\n +- from:\n +# The namespace of your([\s\S]*?)kube-system/,
    replace: 'ingress:\n    - from:\n        # The namespace of your$1kube-public',
    says: /does not admit Traefik in kube-system/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/20-network-policies.yaml',
    find: /ingress:(\n +- from:\n +# The namespace of your)/,
    replace:
      'ingress:\n    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }]$1',
    says: /admits every pod of kube-system/,
  },
  {
    check: scrapes,
    file: 'k8s/overlays/monitoring/kustomization.yaml',
    find: /^apiVersion([\s\S]*?)release:/m,
    replace: 'apiVersion$1released:',
    says: /sets no label release/,
  },
  {
    check: postgresConnections,
    file: 'k8s/base/30-postgres.yaml',
    find: MAX_CONNECTIONS,
    replace: '-cmax_connections=295',
    says: /^10 pods of ingest with 10 each, 8 pods of consumer with 6 each, 8 pods of analytics with 18 each: .* 296$/,
  },
  {
    check: chartTemplates,
    file: 'k8s/chart/values.yaml',
    find: 'maxReplicas: 8',
    replace: 'maxReplicas: 9',
    says: /^\.Values\.ingest\.maxReplicas is 9 by default; .* of HorizontalPodAutoscaler ingest is 8$/,
  },
  {
    check: chartTemplates,
    file: 'k8s/chart/templates/consumer.yaml',
    find: 'maxSurge: 1',
    replace: 'maxSurge: 2',
    says: /is outdated/,
  },
  {
    check: versions,
    file: 'k8s/chart/Chart.yaml',
    find: /appVersion: .*/,
    replace: 'appVersion: 0.9.0',
    says: /^has the version 0\.9\.0/,
  },
  {
    check: pages,
    file: 'k8s/README.md',
    find: 'exec deploy/consumer -- node bundle/dead-letters-main.js',
    replace: 'exec deploy/ingest -- node bundle/dead-letters-main.js',
    says: /the image of ingest has no bundle\/dead-letters-main.js/,
  },
];
