import type { Template } from './fields.js';

/** The data of this ConfigMap becomes the defaults that `config` of the chart overrides. */
export const CONFIG: Template = {
  file: 'config.yaml',
  manifest: 'k8s/base/10-config.yaml',
  resources: [
    {
      of: 'ConfigMap ads-config',
      edits: [
        { at: ['data', 'PLACEHOLDER_PASSWORDS'], text: 'refuse' },
        { at: ['data', 'PUBLIC_URL'], text: '{{ include "ads.publicUrl" . }}' },
        { at: ['data', 'READ_ACCESS'], text: 'key' },
        { at: ['data', 'POSTGRES_HOST'], text: '{{ include "ads.serverHost" (dict "root" . "name" "postgres") }}' },
        { at: ['data', 'POSTGRES_PORT'], text: '"{{ .Values.postgres.port }}"' },
        {
          at: ['data', 'POSTGRES_PORT'],
          after: '{{- if not .Values.postgres.bundled }}\nPOSTGRES_SSLMODE: {{ .Values.postgres.sslmode }}\n{{- end }}',
        },
        { at: ['data', 'REDIS_HOST'], text: '{{ include "ads.serverHost" (dict "root" . "name" "redis") }}' },
        { at: ['data', 'REDIS_PORT'], text: '"{{ .Values.redis.port }}"' },
        { at: ['data', 'NATS_STREAM_REPLICAS'], text: '"{{ .Values.nats.replicas }}"' },
        {
          at: ['data', 'NATS_STREAM_MAX_BYTES'],
          text: '"{{ mul (div (int .Values.nats.volumeGiB) 2) 1073741824 }}"',
        },
      ],
    },
  ],
};
