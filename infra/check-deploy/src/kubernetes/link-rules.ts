import { at, fields, items, type Path, text } from '../shape.js';
import { labelsOf, type Manifest, type PodTemplate, podTemplateOf } from './manifests.js';
import type { Report } from './report.js';

const LABELS = ['name', 'component', 'part-of'].map((label) => `app.kubernetes.io/${label}`);

/** References between manifests: the other one exists and has what is referred to. */
export function checkLinks(manifests: readonly Manifest[], report: Report): void {
  const pods = manifests.flatMap((manifest) => podTemplateOf(manifest) ?? []);
  const named = (kind: string, name: string) => manifests.find((one) => one.kind === kind && one.name === name);

  for (const manifest of manifests) {
    const { value } = manifest.document;
    const here = (path: Path, message: string) => report(manifest, path, message);
    checkMetadata(manifest, here);
    checkWorkload(manifest, named, here);
    switch (manifest.kind) {
      case 'Service': {
        const selected = selectedBy({ matchLabels: at(value, 'spec', 'selector') }, pods);
        if (selected.length === 0) here(['spec', 'selector'], 'selects no pod');
        else checkPorts(items(value, 'spec', 'ports'), 'targetPort', ['spec', 'ports'], selected, here);
        break;
      }
      case 'Ingress':
        checkIngress(value, named, here);
        break;
      case 'NetworkPolicy':
        checkNetworkPolicy(value, pods, here);
        break;
      case 'PodDisruptionBudget':
        if (selectedBy(at(value, 'spec', 'selector'), pods).length === 0) here(['spec', 'selector'], 'selects no pod');
        break;
      case 'HorizontalPodAutoscaler':
      case 'ScaledObject': {
        const path = ['spec', 'scaleTargetRef'];
        const kind = text(value, ...path, 'kind') || 'Deployment';
        const name = text(value, ...path, 'name');
        if (named(kind, name) === undefined) here([...path, 'name'], `scales ${kind} ${name}, which is not there`);
        break;
      }
      case 'PodMonitor': {
        const selected = selectedBy(at(value, 'spec', 'selector'), pods);
        if (selected.length === 0) here(['spec', 'selector'], 'selects no pod');
        else
          checkPorts(
            items(value, 'spec', 'podMetricsEndpoints'),
            'port',
            ['spec', 'podMetricsEndpoints'],
            selected,
            here,
          );
        break;
      }
    }
  }
}

type Here = (path: Path, message: string) => void;
type Named = (kind: string, name: string) => Manifest | undefined;

function checkMetadata({ kind, document: { value } }: Manifest, report: Here): void {
  if (kind === 'Namespace') return;
  const labels = fields(value, 'metadata', 'labels');
  for (const label of LABELS) if (labels[label] === undefined) report(['metadata', 'labels'], `has no label ${label}`);
  if (text(value, 'metadata', 'namespace') === '') report(['metadata'], 'names no namespace');
}

function checkWorkload(manifest: Manifest, named: Named, report: Here): void {
  const pod = podTemplateOf(manifest);
  if (pod === undefined) return;
  const { value } = manifest.document;
  const selector = at(value, 'spec', 'selector');
  if (selector !== undefined && selectedBy(selector, [pod]).length === 0) {
    report(['spec', 'selector'], 'its selector does not match the labels of its own pods');
  }
  const account = text(pod.spec, 'serviceAccountName');
  if (account !== '' && named('ServiceAccount', account) === undefined) {
    report([...pod.path, 'spec', 'serviceAccountName'], `runs as ServiceAccount ${account}, which is not there`);
  }
  const service = text(value, 'spec', 'serviceName');
  if (service !== '' && named('Service', service) === undefined) {
    report(['spec', 'serviceName'], `its Service ${service} is not there`);
  }
  for (const [index, constraint] of items(pod.spec, 'topologySpreadConstraints').entries()) {
    if (selectedBy(at(constraint, 'labelSelector'), [pod]).length === 0) {
      report([...pod.path, 'spec', 'topologySpreadConstraints', index], 'spreads other pods than its own');
    }
  }
}

/** The pods that a selector selects; an empty one selects all, an absent one none. */
function selectedBy(selector: unknown, pods: readonly PodTemplate[]): PodTemplate[] {
  if (selector === undefined) return [];
  const wanted = Object.entries(labelsOf(at(selector, 'matchLabels')));
  const expressions = items(selector, 'matchExpressions');
  return pods.filter(
    ({ labels }) =>
      wanted.every(([name, value]) => labels[name] === value) &&
      expressions.every((expression) => {
        const label = labels[text(expression, 'key')];
        const isIn = label !== undefined && items(expression, 'values').includes(label);
        switch (text(expression, 'operator')) {
          case 'In':
            return isIn;
          case 'NotIn':
            return !isIn;
          case 'Exists':
            return label !== undefined;
          default:
            return label === undefined;
        }
      }),
  );
}

/** The ports of a pod, each by its name and by its number. */
function portsOf(pods: readonly PodTemplate[]): string[] {
  return pods.flatMap(({ spec }) =>
    items(spec, 'containers').flatMap((container) =>
      items(container, 'ports').flatMap((port) => [text(port, 'name'), text(port, 'containerPort')]),
    ),
  );
}

/** `ports` name ports of every selected pod. */
function checkPorts(
  ports: readonly unknown[],
  field: string,
  path: Path,
  selected: readonly PodTemplate[],
  report: Here,
): void {
  for (const [index, port] of ports.entries()) {
    const wanted = text(port, field) || text(port, 'port');
    if (selected.some((pod) => !portsOf([pod]).includes(wanted))) {
      report([...path, index, field], `goes to port ${wanted}, which its pods do not have`);
    }
  }
}

function checkIngress(value: unknown, named: Named, report: Here): void {
  for (const [rule, { paths }] of items(value, 'spec', 'rules')
    .map((one) => ({ paths: items(one, 'http', 'paths') }))
    .entries()) {
    for (const [index, path] of paths.entries()) {
      const at = ['spec', 'rules', rule, 'http', 'paths', index, 'backend', 'service'];
      const name = text(path, 'backend', 'service', 'name');
      const port =
        text(path, 'backend', 'service', 'port', 'name') || text(path, 'backend', 'service', 'port', 'number');
      const service = named('Service', name);
      const ports = items(service?.document.value, 'spec', 'ports').flatMap((one) => [
        text(one, 'name'),
        text(one, 'port'),
      ]);
      if (service === undefined) report([...at, 'name'], `leads to Service ${name}, which is not there`);
      else if (!ports.includes(port))
        report([...at, 'port'], `leads to port ${port}, which Service ${name} does not have`);
    }
  }
}

/** A network policy selects existing pods, and allows existing peers and ports. */
function checkNetworkPolicy(value: unknown, pods: readonly PodTemplate[], report: Here): void {
  const own = selectedBy(at(value, 'spec', 'podSelector'), pods);
  if (own.length === 0) report(['spec', 'podSelector'], 'is for no pod');
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of items(value, 'spec', direction).entries()) {
      const path = ['spec', direction, index];
      const others = items(rule, peers).map((peer, number) => {
        const local = at(peer, 'podSelector') !== undefined && at(peer, 'namespaceSelector') === undefined;
        const selected = local ? selectedBy(at(peer, 'podSelector'), pods) : undefined;
        if (selected?.length === 0) report([...path, peers, number], 'lets through pods that are not there');
        return selected;
      });
      const receivers = direction === 'ingress' ? own : others.flatMap((selected) => selected ?? []);
      if (receivers.length > 0) checkPorts(items(rule, 'ports'), 'port', [...path, 'ports'], receivers, report);
    }
  }
}
