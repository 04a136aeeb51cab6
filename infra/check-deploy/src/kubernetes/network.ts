import { at, placesAt, text } from '../shape.js';
import type { Rule } from './manifests.js';

/** Checks that pods may ask the DNS resolver of their node, which some clusters have. */
export const nodeResolvers: Rule = function* ({ kind, name, value }) {
  if (kind !== 'NetworkPolicy' || name !== 'to-dns') return;
  const blocks = placesAt(value, 'spec', 'egress', '*', 'to', '*', 'ipBlock', 'cidr').map((place) => place.value);
  for (const address of ['169.254.20.10/32', '169.254.169.254/32']) {
    if (!blocks.includes(address)) yield [['spec', 'egress'], `does not admit the resolver ${address} of a node`];
  }
};

/** Checks that the ingress controllers of common clusters may connect. k3s runs Traefik in `kube-system`. */
export const ingressControllers: Rule = function* ({ kind, name, value }) {
  if (kind !== 'NetworkPolicy' || name !== 'from-ingress-controller') return;
  const peers = placesAt(value, 'spec', 'ingress', '*', 'from', '*').map((place) => place.value);
  const admitsTraefik = peers.some(
    (peer) =>
      text(peer, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name') === 'kube-system' &&
      text(peer, 'podSelector', 'matchLabels', 'app.kubernetes.io/name') === 'traefik',
  );
  if (!admitsTraefik) yield [['spec', 'ingress'], 'does not admit Traefik in kube-system, where k3s runs it'];
  for (const peer of peers) {
    const namespace = text(peer, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name');
    if (namespace !== 'kube-system' || at(peer, 'podSelector') !== undefined) continue;
    yield [['spec', 'ingress'], 'admits every pod of kube-system'];
  }
};
