/** The rule groups of all files as a resource of the Prometheus operator, whose groups have the same format. */
export function kubernetesRules(files: readonly string[]): string {
  const groups = files.flatMap((file) => {
    const [, body] = file.split(/^groups:\n/m);
    if (body === undefined) throw new Error('A file of rules has no line "groups:"');
    return body.trimEnd().split('\n');
  });
  const lines = groups.map((line) => (line === '' ? '' : `  ${line}`));
  return `${HEAD}${lines.join('\n')}\n`;
}

const HEAD = `# Written by npm run generate, from infra/monitoring/rules: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ads-metric-tracker
  namespace: ads-metric-tracker
  labels:
    app.kubernetes.io/name: ads-metric-tracker
    app.kubernetes.io/component: rules
    app.kubernetes.io/part-of: ads-metric-tracker
spec:
  groups:
`;
