import type { Edit, Resource } from '../template.js';
import { LABELS, type Template, withValue } from './fields.js';

const HAS_HOST = '.Values.host';

const policies = (when: string, ...names: readonly string[]): Resource[] =>
  names.map((name) => ({ of: `NetworkPolicy ${name}`, when }));

/** The policy that admits a server outside of the cluster. */
function managed(name: 'postgres' | 'redis' | 'nats'): Template {
  const rule = ['spec', 'egress', 0];
  const edits: Edit[] = [
    { at: [...rule, 'to', 0, 'ipBlock', 'cidr'], value: `.Values.${name}.cidr` },
    { at: [...rule, 'ports', 0, 'port'], value: `.Values.${name}.port` },
  ];
  return {
    file: `managed-${name}.yaml`,
    manifest: `k8s/components/managed-${name}/network-policy.yaml`,
    when: `not .Values.${name}.bundled`,
    resources: [{ of: `NetworkPolicy to-managed-${name}`, edits }],
  };
}

/** The network policies and the public routes. */
export const NETWORK: readonly Template[] = [
  {
    file: 'network-policies.yaml',
    manifest: 'k8s/base/20-network-policies.yaml',
    resources: [
      {
        of: 'NetworkPolicy from-ingress-controller',
        edits: [{ at: ['spec', 'ingress', 0, 'from'], value: '.Values.ingress.from' }],
      },
      {
        of: 'NetworkPolicy from-prometheus',
        edits: [
          {
            at: ['spec', 'ingress', 0, 'from', 0, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name'],
            value: '.Values.monitoring.namespace',
          },
        ],
      },
      ...policies('.Values.postgres.bundled', 'to-postgres', 'postgres'),
      ...policies('.Values.redis.bundled', 'to-redis', 'redis'),
      ...policies('.Values.nats.bundled', 'to-nats', 'nats', 'nats-cluster'),
    ],
  },
  managed('postgres'),
  managed('redis'),
  managed('nats'),
  {
    file: 'ingress.yaml',
    manifest: 'k8s/base/60-ingress.yaml',
    when: '.Values.ingress.enabled',
    resources: [
      {
        of: 'Ingress ads-metric-tracker',
        edits: [
          {
            at: LABELS,
            after: withValue('.Values.ingress.annotations', 'annotations:\n  {{- toYaml . | nindent 4 }}'),
          },
          { at: ['spec', 'rules', 0, 'http'], after: withValue(HAS_HOST, 'host: {{ . }}') },
          {
            at: ['spec', 'rules'],
            after: withValue('.Values.ingress.className', 'ingressClassName: {{ . | quote }}'),
          },
          {
            at: ['spec', 'rules'],
            after: `{{- if and ${HAS_HOST} .Values.ingress.tlsSecret }}
tls:
  - hosts: [{{ ${HAS_HOST} }}]
    secretName: {{ .Values.ingress.tlsSecret | quote }}
{{- end }}`,
          },
        ],
      },
    ],
  },
  {
    file: 'http-route.yaml',
    manifest: 'k8s/components/gateway-api/http-route.yaml',
    when: '.Values.gateway.enabled',
    resources: [
      {
        of: 'HTTPRoute ads-metric-tracker',
        edits: [
          { at: ['spec', 'parentRefs'], value: '.Values.gateway.parentRefs' },
          { at: ['spec', 'hostnames'], when: HAS_HOST },
          { at: ['spec', 'hostnames'], text: `[{{ ${HAS_HOST} }}]` },
        ],
      },
    ],
  },
];
