import type { Finding } from '../containers.js';
import { at, items, type Place, placesAt, text } from '../shape.js';
import { containersOf, labelsOf, type Manifest, type PodTemplate, type Rule } from './manifests.js';

/** The selectors of the kinds that need a pod, with the ports that they name on it. */
const SELECTORS: Readonly<Record<string, { ports?: [list: string, field: string] }>> = {
  Service: { ports: ['ports', 'targetPort'] },
  PodMonitor: { ports: ['podMetricsEndpoints', 'port'] },
  PodDisruptionBudget: {},
};

/** Checks that a selector matches at least one pod, and that the matched pods have its ports. */
export const selectedPods: Rule = function* ({ kind, value }, all) {
  const selector = SELECTORS[kind];
  if (selector === undefined) return;
  const wanted = at(value, 'spec', 'selector');
  // The selector of a Service is a list of labels.
  const selected = selectedBy(kind === 'Service' ? { matchLabels: wanted } : wanted, podsOf(all));
  if (selected.length === 0) yield [['spec', 'selector'], 'selects no pod'];
  else if (selector.ports !== undefined) {
    const [list, field] = selector.ports;
    yield* missingPorts(placesAt(value, 'spec', list, '*'), field, selected);
  }
};

/** Checks that a workload selects its own pods. */
export const ownPods: Rule = function* ({ value, pod }) {
  if (pod === undefined) return;
  const selector = at(value, 'spec', 'selector');
  if (selector !== undefined && selectedBy(selector, [pod]).length === 0) {
    yield [['spec', 'selector'], 'its selector does not match the labels of its own pods'];
  }
  for (const { path, value: constraint } of placesAt(pod.spec, 'topologySpreadConstraints', '*')) {
    if (selectedBy(at(constraint, 'labelSelector'), [pod]).length === 0) {
      yield [[...pod.path, ...path], 'its topology spread constraint selects other pods than its own'];
    }
  }
};

/** Checks that each path of an Ingress names a port of its Service. */
export const portsOfIngress: Rule = function* ({ kind, value }, all) {
  if (kind !== 'Ingress') return;
  const pattern = ['spec', 'rules', '*', 'http', 'paths', '*', 'backend', 'service'];
  for (const { path, value: backend } of placesAt(value, ...pattern)) {
    const name = text(backend, 'name');
    const port = text(backend, 'port', 'name') || text(backend, 'port', 'number');
    const service = all.find((one) => one.kind === 'Service' && one.name === name);
    const ports = placesAt(service?.value, 'spec', 'ports', '*', ['name', 'port']).map((one) => String(one.value));
    if (service !== undefined && !ports.includes(port)) {
      yield [[...path, 'port'], `routes to port ${port}, which Service ${name} does not have`];
    }
  }
};

/** Checks that a network policy selects existing pods, and allows existing peers and ports. */
export const networkPolicies: Rule = function* ({ kind, value }, all) {
  if (kind !== 'NetworkPolicy') return;
  const pods = podsOf(all);
  const own = selectedBy(at(value, 'spec', 'podSelector'), pods);
  if (own.length === 0) yield [['spec', 'podSelector'], 'its podSelector matches no pod'];
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const { path, value: rule } of placesAt(value, 'spec', direction, '*')) {
      // A peer in another namespace, or outside of the cluster, has no pods here.
      const local = placesAt(rule, peers, '*').filter(
        (peer) => at(peer.value, 'podSelector') !== undefined && at(peer.value, 'namespaceSelector') === undefined,
      );
      const others = local.map((peer) => ({ peer, pods: selectedBy(at(peer.value, 'podSelector'), pods) }));
      for (const { peer } of others.filter((other) => other.pods.length === 0)) {
        yield [[...path, ...peer.path], 'allows peers, but no pod matches their selector'];
      }
      const receivers = direction === 'ingress' ? own : others.flatMap((other) => other.pods);
      yield* missingPorts(placesAt(value, ...path, 'ports', '*'), 'port', receivers);
    }
  }
};

function podsOf(all: readonly Manifest[]): PodTemplate[] {
  return all.flatMap(({ pod }) => pod ?? []);
}

/** The pods that a selector matches. An empty selector matches all pods, an undefined one none. */
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

/** The ports that a selected pod does not have, by name or by number. */
function* missingPorts(ports: readonly Place[], field: string, selected: readonly PodTemplate[]): Iterable<Finding> {
  for (const { path, value } of ports) {
    const wanted = text(value, field) || text(value, 'port');
    if (selected.some((pod) => !portsOf(pod).includes(wanted))) {
      yield [[...path, field], `uses port ${wanted}, which its pods do not have`];
    }
  }
}

function portsOf(pod: PodTemplate): string[] {
  return containersOf(pod, ['containers']).flatMap(({ value }) =>
    placesAt(value, 'ports', '*', ['name', 'containerPort']).map((port) => String(port.value)),
  );
}
