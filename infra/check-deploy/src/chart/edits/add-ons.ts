import type { Edit } from '../template.js';
import { LABELS, type Template, withValue } from './fields.js';

const monitoringLabels: Edit = {
  at: [...LABELS, 'app.kubernetes.io/part-of'],
  after: withValue('.Values.monitoring.labels', '{{- toYaml . | nindent 4 }}'),
};

/** Resources of KEDA and Prometheus Operator. */
export const ADD_ONS: readonly Template[] = [
  {
    file: 'scaled-object.yaml',
    manifest: 'k8s/overlays/keda/scaled-object.yaml',
    when: '.Values.keda.enabled',
    resources: [
      {
        of: 'ScaledObject consumer',
        edits: [
          { at: ['spec', 'minReplicaCount'], value: '.Values.consumer.replicas' },
          { at: ['spec', 'maxReplicaCount'], value: '.Values.keda.maxReplicas' },
        ],
      },
    ],
  },
  {
    file: 'nats-from-keda.yaml',
    manifest: 'k8s/overlays/keda/network-policy.yaml',
    when: '.Values.keda.enabled',
    resources: [],
  },
  {
    file: 'pod-monitor.yaml',
    manifest: 'k8s/overlays/monitoring/pod-monitor.yaml',
    when: '.Values.monitoring.enabled',
    resources: [{ of: 'PodMonitor ads-metric-tracker', edits: [monitoringLabels] }],
  },
  {
    file: 'rules.yaml',
    manifest: 'k8s/overlays/monitoring/rules.yaml',
    when: '.Values.monitoring.enabled',
    resources: [{ of: 'PrometheusRule ads-metric-tracker', edits: [monitoringLabels] }],
  },
];
