import { kubernetesApi } from '../../src/checks/kubernetes-api.js';
import { kubernetesRules } from '../../src/checks/kubernetes-rules.js';
import { natsSettings } from '../../src/checks/nats-settings.js';
import { routes } from '../../src/checks/routes.js';
import type { Planted } from './planted.js';

const INGEST = { check: kubernetesRules, file: 'k8s/base/50-ingest.yaml' };
const API = { check: kubernetesApi, file: 'k8s/base/50-ingest.yaml' };

export const KUBERNETES: readonly Planted[] = [
  { ...API, find: 'readinessProbe:', replace: 'readynessProbe:', says: /unknown field.*readynessProbe/ },
  {
    ...API,
    find: 'containerPort: 8080',
    replace: 'containerPort: "8080"',
    says: /'string' is not assignable to type 'number'/,
  },
  {
    ...API,
    find: 'autoscaling/v2',
    replace: 'autoscaling/v2beta2',
    says: /apiVersion autoscaling\/v2beta2 is not one of/,
  },
  {
    ...API,
    find: /(spec:\s+scaleTargetRef[\s\S]*?)maxReplicas: \d+/,
    replace: '$1behavior: {}',
    says: /HorizontalPodAutoscalerSpec has no maxReplicas/,
  },
  { ...API, find: /(apiVersion: apps\/v1\nkind: )Deployment/, replace: '$1Deploiment', says: /no Deploiment/ },
  {
    ...API,
    file: 'k8s/overlays/keda/scaled-object.yaml',
    find: 'lagThreshold:',
    replace: 'lagTreshold:',
    says: /unknown field.*lagTreshold/,
  },
  { ...INGEST, find: /image: (\S+):\S+/, replace: 'image: $1:latest', says: /not pinned/ },
  {
    ...INGEST,
    find: /(selector:\s+matchLabels:\s+app.kubernetes.io\/name: )ingest/,
    replace: '$1ingress',
    says: /does not match the labels of its own pods/,
  },
  { ...INGEST, find: 'targetPort: http', replace: 'targetPort: web', says: /goes to port web/ },
  {
    ...INGEST,
    find: 'containerPort: 8080',
    replace: 'containerPort: 8090',
    says: /says port 8090, but listens on 8080/,
  },
  { ...INGEST, find: 'key: REDIS_PASSWORD', replace: 'key: REDIS_PASS', says: /has no REDIS_PASS$/ },
  { ...INGEST, find: 'name: NODE_OPTIONS', replace: 'name: NODE_OPTION', says: /ingest does not read NODE_OPTION$/ },
  {
    ...INGEST,
    find: /(name: NODE_OPTIONS\s+value: \S+=)128/,
    replace: '$1192',
    says: /heap of 192 MB is more than half/,
  },
  {
    ...INGEST,
    find: /(resources:\s+requests:[\s\S]*?limits:)[\s\S]*?memory: \w+/,
    replace: '$1 {}',
    says: /no limits of memory/,
  },
  { ...INGEST, find: /(readinessProbe:\s+httpGet:\s+path: \/)ready/, replace: '$1health', says: /\/ready is for that/ },
  {
    ...INGEST,
    find: /(- name: ingest\n[\s\S]*?)livenessProbe:/,
    replace: '$1otherProbe:',
    says: /has no livenessProbe/,
  },
  {
    ...INGEST,
    find: /livenessProbe:/,
    replace: 'livenessProbe:\n            exec: { command: [/usr/bin/node, check.js] }',
    at: 'exec:',
    says: /livenessProbe: its health check starts node/,
  },
  {
    ...INGEST,
    find: 'allowPrivilegeEscalation: false',
    replace: 'allowPrivilegeEscalation: true',
    says: /may gain privileges/,
  },
  { ...INGEST, find: 'readOnlyRootFilesystem: true', replace: 'readOnlyRootFilesystem: false', says: /can be written/ },
  { ...INGEST, find: 'runAsNonRoot: true', replace: 'runAsNonRoot: false', says: /may run as root/ },
  { ...INGEST, find: 'PeriodSeconds: 35', replace: 'PeriodSeconds: 30', says: /is killed after 30 s/ },
  {
    ...INGEST,
    find: 'serviceAccountName: ingest',
    replace: 'serviceAccountName: ingress',
    says: /ServiceAccount ingress, which is not there/,
  },
  {
    ...INGEST,
    find: /- configMapRef:\s+name: ads-config/,
    replace: '$&s',
    says: /ads-configs, which is not there/,
  },
  {
    ...INGEST,
    find: /(scaleTargetRef:[\s\S]*?)name: ingest/,
    replace: '$1name: ingress',
    at: 'name: ingress',
    says: /scales Deployment ingress, which is not there/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/10-config.yaml',
    find: 'REDIS_PORT:',
    replace: 'REDIS_PORTS:',
    says: /nobody reads REDIS_PORTS/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/20-network-policies.yaml',
    find: 'port: http',
    replace: 'port: web',
    says: /goes to port web, which its pods do not have/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/60-ingress.yaml',
    find: /name: analytics/,
    replace: 'name: analytic',
    says: /leads to Service analytic, which is not there/,
  },
  {
    check: routes,
    file: 'k8s/base/60-ingress.yaml',
    find: /- path: \/api\/v1\/ads\/analytics/,
    replace: '- path: /api/v1/ads/stats',
    at: '- path: /api/v1/ads\n',
    says: /\/api\/v1\/ads\/analytics leads to ingest; it should lead to analytics/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/32-nats.yaml',
    find: /jetstream.conf: \|([\s\S]*?)max_file_store: 8GiB/,
    replace: 'jetstream.conf: |$1',
    says: /sets no max_file_store/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/32-nats.yaml',
    find: /jetstream.conf: \|([\s\S]*?)max_file_store: 8GiB/,
    replace: 'jetstream.conf: |$1max_file_store: 10GiB',
    says: /max_file_store is 10737418240 bytes; the volume of NATS has 10737418240/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/10-config.yaml',
    find: 'NATS_STREAM_MAX_BYTES: "5368709120"',
    replace: 'NATS_STREAM_MAX_BYTES: "8589934592"',
    says: /all streams may take 8858370048 bytes; max_file_store of NATS is 8589934592/,
  },
  {
    check: kubernetesRules,
    file: 'k8s/base/10-config.yaml',
    find: 'NATS_STREAM_MAX_BYTES: "5368709120"',
    replace: 'NATS_STREAM_MAX_BYTES: "-1"',
    says: /NATS_STREAM_MAX_BYTES has no limit/,
  },
  {
    check: natsSettings,
    file: 'k8s/base/32-nats.yaml',
    find: 'jetstream.conf: |',
    replace: 'jetstream.conf: |\n    debug: true',
    says: /is not the same as infra\/nats\/jetstream.conf/,
  },
];
