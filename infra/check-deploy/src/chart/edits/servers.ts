import type { Edit, Resource } from '../template.js';
import { CONTAINER, POD, pullSecrets, resourcesOf, type Template, withValue } from './fields.js';

const CLAIM = ['spec', 'volumeClaimTemplates', 0, 'spec'];
const NODES = [...POD, 'topologySpreadConstraints', 1];
const IS_CLUSTER = 'gt (int .Values.nats.replicas) 1';

/** The container and the volume of a server that runs in the cluster. */
function serverOf(name: 'postgres' | 'redis' | 'nats', edits: readonly Edit[]): Resource[] {
  return [
    ...pullSecrets(name),
    {
      of: `StatefulSet ${name}`,
      edits: [{ at: [...CONTAINER, 'image'], value: `.Values.${name}.image` }, resourcesOf(name), ...edits],
    },
  ];
}

function storageClass(name: 'postgres' | 'nats'): Edit {
  const after = withValue(`.Values.${name}.storageClass`, 'storageClassName: {{ . | quote }}');
  return { at: [...CLAIM, 'accessModes'], after };
}

/** The servers that the chart bundles. */
export const SERVERS: readonly Template[] = [
  {
    file: 'postgres.yaml',
    manifest: 'k8s/base/30-postgres.yaml',
    when: '.Values.postgres.bundled',
    resources: serverOf('postgres', [
      { at: [...CONTAINER, 'args', 1], text: '-cmax_connections={{ include "ads.maxConnections" . }}' },
      storageClass('postgres'),
      { at: [...CLAIM, 'resources', 'requests', 'storage'], value: '.Values.postgres.storage' },
    ]),
  },
  {
    file: 'redis.yaml',
    manifest: 'k8s/base/31-redis.yaml',
    when: '.Values.redis.bundled',
    resources: serverOf('redis', []),
  },
  {
    file: 'nats.yaml',
    manifest: 'k8s/base/32-nats.yaml',
    when: '.Values.nats.bundled',
    resources: [
      {
        of: 'ConfigMap nats-config',
        edits: [
          {
            at: ['data', 'jetstream.conf'],
            find: 'max_file_store: 8GiB',
            by: 'max_file_store: {{ div (mul (int .Values.nats.volumeGiB) 8) 10 }}GiB',
          },
        ],
      },
      ...serverOf('nats', [
        { at: ['spec', 'replicas'], value: '.Values.nats.replicas' },
        {
          at: [...CONTAINER, 'args', 1],
          text: `/etc/nats/{{ if ${IS_CLUSTER} }}cluster-password{{ else }}single{{ end }}.conf`,
        },
        // Three copies on one machine do not survive its loss.
        {
          at: [...NODES, 'whenUnsatisfiable'],
          text: `{{ if ${IS_CLUSTER} }}DoNotSchedule{{ else }}ScheduleAnyway{{ end }}`,
        },
        {
          at: [...NODES, 'whenUnsatisfiable'],
          after: `{{- if ${IS_CLUSTER} }}\nminDomains: {{ .Values.nats.replicas }}\n{{- end }}`,
        },
        storageClass('nats'),
        { at: [...CLAIM, 'resources', 'requests', 'storage'], text: '{{ .Values.nats.volumeGiB }}Gi' },
      ]),
    ],
  },
];
