import type { Check } from '../check.js';
import {
  baseManifests,
  type Manifest,
  manifestOf,
  overlays as overlaysOf,
  podTemplateOf,
} from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findKubectl, type Tool } from '../tools.js';
import { readYaml } from '../yaml-file.js';
import { checkAgainstApi } from './kubernetes-api.js';
import { checkManifests } from './kubernetes-rules.js';

/** Each overlay renders, and the rendered manifests follow the same rules. */
export const overlays: Check = {
  name: 'kubectl kustomize',
  async run(repository) {
    const kubectl = findKubectl();
    if ('missing' in kubectl) return { problems: [], skipped: [kubectl.missing] };
    const base = baseManifests(repository);
    const known = new Set(checkManifests(base).map(({ message }) => message));
    const found: Problem[] = [];
    for (const overlay of overlaysOf(repository))
      found.push(...(await checkOverlay(repository, kubectl.run, overlay, base)));
    return { problems: found.filter(({ message }) => !known.has(message)) };
  },
};

async function checkOverlay(
  repository: Repository,
  kubectl: Tool,
  overlay: string,
  base: readonly Manifest[],
): Promise<Problem[]> {
  const file = `${overlay}/kustomization.yaml`;
  const { code, output } = await kubectl(['kustomize', overlay], { cwd: repository.root });
  if (code !== 0) return [{ file, line: 1, message: output.trim().replace(/\s+/g, ' ') }];
  const { documents } = readYaml(file, output);
  const rendered = documents.map(manifestOf);
  const isThere = ({ kind, name }: Manifest) => rendered.some((one) => one.kind === kind && one.name === name);
  // An overlay without workloads is applied beside the base; a Secret that it leaves out is made by hand.
  const isAddition = !rendered.some((manifest) => podTemplateOf(manifest) !== undefined);
  const others = base.filter((manifest) => (isAddition || manifest.kind === 'Secret') && !isThere(manifest));
  return [
    ...(await checkAgainstApi([{ file, documents, whole: true }])),
    ...checkManifests([...rendered, ...others]).filter((problem) => problem.file === file),
  ].map(({ line, message }) => ({ file, line: 1, message: `${message} (line ${line} of what it renders)` }));
}
