import type { Edit, Resource } from '../template.js';
import { CONTAINER, FILES, imageOf, LABELS, pullSecrets, resourcesOf, type Template } from './fields.js';

/** A change of the configuration replaces the pods. */
const CHECKSUM: Edit = {
  at: ['spec', 'template', ...LABELS],
  after: 'annotations:\n  checksum/config: {{ include "ads.config" . | sha256sum }}',
};

/** A service whose pods an autoscaler counts, unless their number is fixed. */
function scaledService(name: 'ingest' | 'analytics'): Resource[] {
  const isScaled = `gt (int .Values.${name}.maxReplicas) (int .Values.${name}.minReplicas)`;
  const fixed = `{{- if not (${isScaled}) }}\nreplicas: {{ .Values.${name}.minReplicas }}\n{{- end }}`;
  return [
    ...pullSecrets(name),
    {
      of: `Deployment ${name}`,
      edits: [CHECKSUM, imageOf(name), ...FILES, resourcesOf(name), { at: ['spec', 'selector'], after: fixed }],
    },
    {
      of: `HorizontalPodAutoscaler ${name}`,
      when: isScaled,
      edits: [
        { at: ['spec', 'minReplicas'], value: `.Values.${name}.minReplicas` },
        { at: ['spec', 'maxReplicas'], value: `.Values.${name}.maxReplicas` },
      ],
    },
  ];
}

/** The services and the migration. */
export const SERVICES: readonly Template[] = [
  {
    file: 'migrate.yaml',
    manifest: 'k8s/base/40-migrate.yaml',
    resources: [
      ...pullSecrets('migrate'),
      {
        of: 'Job migrate',
        edits: [
          { at: ['metadata', 'name'], text: 'migrate-{{ include "ads.migration" . }}' },
          // Argo CD and Flux would create a Job again that Kubernetes has deleted.
          { at: ['spec', 'ttlSecondsAfterFinished'], when: 'not .Values.migrate.keep' },
          imageOf('migrate'),
          ...FILES,
          resourcesOf('migrate'),
          {
            at: [...CONTAINER, 'args'],
            text: '[bundle/migrate.js, sql/grant-services.sql{{ if .Values.migrate.sampleAds }}, sql/sample-ads.sql{{ end }}]',
          },
        ],
      },
    ],
  },
  { file: 'ingest.yaml', manifest: 'k8s/base/50-ingest.yaml', resources: scaledService('ingest') },
  {
    file: 'consumer.yaml',
    manifest: 'k8s/base/51-consumer.yaml',
    resources: [
      ...pullSecrets('consumer'),
      {
        of: 'Deployment consumer',
        edits: [
          CHECKSUM,
          imageOf('consumer'),
          ...FILES,
          resourcesOf('consumer'),
          { at: ['spec', 'replicas'], value: '.Values.consumer.replicas' },
        ],
      },
    ],
  },
  { file: 'analytics.yaml', manifest: 'k8s/base/52-analytics.yaml', resources: scaledService('analytics') },
];
