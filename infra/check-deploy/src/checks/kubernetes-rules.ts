import type { Check } from '../check.js';
import type { Finding } from '../containers.js';
import { baseManifests, type Manifest, type Rule } from '../kubernetes/manifests.js';
import { ingressControllers, nodeResolvers } from '../kubernetes/network.js';
import { mountedVolumes, secureContainers, services } from '../kubernetes/pods.js';
import { queueLimitsOf } from '../kubernetes/queue.js';
import {
  namedResources,
  scaledWorkloads,
  variablesOfConfigMaps,
  variablesOfContainers,
} from '../kubernetes/references.js';
import { explicitDefaults, rollouts } from '../kubernetes/rollouts.js';
import { networkPolicies, ownPods, portsOfIngress, selectedPods } from '../kubernetes/selectors.js';
import type { Problem } from '../problem.js';
import { at, text } from '../shape.js';

/** Every resource has the labels that selectors and dashboards use, and a namespace. */
const metadata: Rule = function* ({ kind, value }): Iterable<Finding> {
  if (kind === 'Namespace') return;
  for (const label of ['name', 'component', 'part-of'].map((name) => `app.kubernetes.io/${name}`)) {
    if (at(value, 'metadata', 'labels', label) === undefined) yield [['metadata', 'labels'], `has no label ${label}`];
  }
  if (text(value, 'metadata', 'namespace') === '') yield [['metadata'], 'has no namespace'];
};

const RULES: readonly Rule[] = [
  metadata,
  secureContainers,
  mountedVolumes,
  services,
  variablesOfContainers,
  variablesOfConfigMaps,
  namedResources,
  scaledWorkloads,
  selectedPods,
  ownPods,
  portsOfIngress,
  networkPolicies,
  nodeResolvers,
  ingressControllers,
  rollouts,
  explicitDefaults,
  queueLimitsOf,
];

/** Checks manifests against our own rules, for mistakes that the Kubernetes API accepts. */
export const kubernetesRules: Check = {
  name: 'manifests against our rules',
  run: (repository) => checkManifests(baseManifests(repository)),
};

/** @param all manifests of one cluster; they may refer to each other */
export function checkManifests(all: readonly Manifest[]): Problem[] {
  return all.flatMap((manifest) =>
    RULES.flatMap((rule) => [...rule(manifest, all)]).map(([path, message]) =>
      manifest.document.problem(path, `${manifest.kind} ${manifest.name}: ${message}`),
    ),
  );
}
