import { at, items, placesAt, text } from '../shape.js';
import type { Rule } from './manifests.js';

/** Checks that a workload can replace its pods: after a wrong image, on other nodes, and on as many nodes as it needs. */
export const rollouts: Rule = function* ({ kind, value, pod }) {
  if (kind === 'StatefulSet' && text(value, 'spec', 'podManagementPolicy') !== 'Parallel') {
    yield [['spec'], 'does not replace the pod of a wrong image (podManagementPolicy: Parallel)'];
  }
  for (const { path, value: spread } of placesAt(pod?.spec, 'topologySpreadConstraints', '*')) {
    const here = [...(pod?.path ?? []), ...path];
    if (kind === 'Deployment' && !items(spread, 'matchLabelKeys').includes('pod-template-hash')) {
      yield [here, 'pods of the old version count in the spread of the new one (matchLabelKeys: [pod-template-hash])'];
    }
    if (text(spread, 'whenUnsatisfiable') !== 'DoNotSchedule' || at(spread, 'minDomains') !== undefined) continue;
    yield [here, 'all pods may be on one node, if only that one fits (minDomains: as many as replicas)'];
  }
};

const CONTAINERS = ['initContainers', 'containers'];

/** Fields whose defaults the API server fills in: a list of ports is merged by port and protocol, for example. */
const EXPLICIT: readonly (readonly [field: string, pattern: readonly Parameters<typeof placesAt>[1][]])[] = [
  ['protocol', ['spec', 'ports', '*']],
  ['protocol', ['spec', ['ingress', 'egress'], '*', 'ports', '*']],
  ['protocol', ['spec', 'template', 'spec', CONTAINERS, '*', 'ports', '*']],
  ['apiVersion', ['spec', 'template', 'spec', CONTAINERS, '*', 'env', '*', 'valueFrom', 'fieldRef']],
  ['type', ['spec', 'strategy']],
];

/** Checks fields without which a server-side apply (Argo CD, Flux) after a client-side one is refused. */
export const explicitDefaults: Rule = function* ({ value }) {
  for (const [field, pattern] of EXPLICIT) {
    for (const { path, value: owner } of placesAt(value, ...pattern)) {
      if (at(owner, field) === undefined) yield [path, `leaves ${field} to the API server`];
    }
  }
};
