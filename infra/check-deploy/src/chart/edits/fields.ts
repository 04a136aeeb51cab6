import type { Edit, Resource } from '../template.js';

export const POD = ['spec', 'template', 'spec'];
export const CONTAINER = [...POD, 'containers', 0];
export const LABELS = ['metadata', 'labels'];

/** A template of the chart, and the manifest that it is made from. */
export interface Template {
  readonly file: string;
  readonly manifest: string;
  readonly resources: readonly Resource[];
  /** The condition under which the whole file exists. */
  readonly when?: string;
}

/** Lines that exist while a value is not empty. */
export function withValue(value: string, lines: string): string {
  return `{{- with ${value} }}\n${lines}\n{{- end }}`;
}

export function pullSecrets(...names: readonly string[]): Resource[] {
  const after = withValue('.Values.images.pullSecrets', 'imagePullSecrets:\n  {{- toYaml . | nindent 2 }}');
  return names.map((name) => ({
    of: `ServiceAccount ${name}`,
    edits: [{ at: ['automountServiceAccountToken'], after }],
  }));
}

export function resourcesOf(name: string): Edit {
  return { at: [...CONTAINER, 'resources'], value: `.Values.${name}.resources` };
}

export function imageOf(name: string): Edit {
  return { at: [...CONTAINER, 'image'], text: `{{ include "ads.image" (dict "root" . "name" "${name}") }}` };
}

/** Mounts the Secret with files, such as certificates. */
export const FILES: readonly Edit[] = [
  {
    at: [...CONTAINER, 'image'],
    after: `{{- if .Values.files }}
volumeMounts:
  - name: files
    mountPath: /etc/ads
    readOnly: true
{{- end }}`,
  },
  {
    at: [...POD, 'containers'],
    after: `{{- if .Values.files }}
volumes:
  - name: files
    secret:
      secretName: {{ .Values.files | quote }}
      optional: true
{{- end }}`,
  },
];
