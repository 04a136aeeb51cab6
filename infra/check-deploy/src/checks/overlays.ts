import { dirname } from 'node:path';
import { toolCheck } from '../check.js';
import { baseManifests, type Manifest, manifestOf } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findKubectl, type Tool } from '../tools.js';
import { readYaml } from '../yaml-file.js';
import { checkAgainstApi } from './kubernetes-api.js';
import { checkManifests } from './kubernetes-rules.js';

/** Each overlay renders, and the rendered manifests follow the same rules. */
export const overlays = toolCheck('kubectl kustomize', findKubectl, async (kubectl, repository) => {
  const base = baseManifests(repository);
  const known = new Set(checkManifests(base).map(({ message }) => message));
  const found: Problem[] = [];
  for (const file of repository.files('k8s/overlays', /\/kustomization\.yaml$/)) {
    found.push(...(await checkOverlay(repository, kubectl, file, base)));
  }
  return found.filter(({ message }) => !known.has(message));
});

async function checkOverlay(
  repository: Repository,
  kubectl: Tool,
  file: string,
  base: readonly Manifest[],
): Promise<Problem[]> {
  const { code, output } = await kubectl(['kustomize', dirname(file)], { cwd: repository.root });
  if (code !== 0) return [{ file, line: 1, message: output.trim().replace(/\s+/g, ' ') }];
  const { documents } = readYaml(file, output);
  const rendered = documents.map(manifestOf);
  const isThere = ({ kind, name }: Manifest) => rendered.some((one) => one.kind === kind && one.name === name);
  // An overlay without workloads is applied together with the base. Operators create its missing Secrets by hand.
  const isAddition = !rendered.some(({ pod }) => pod !== undefined);
  const others = base.filter((manifest) => (isAddition || manifest.kind === 'Secret') && !isThere(manifest));
  return [
    ...(await checkAgainstApi([{ file, documents, whole: true }])),
    ...checkManifests([...rendered, ...others]).filter((problem) => problem.file === file),
  ].map(({ line, message }) => ({ file, line: 1, message: `${message} (line ${line} of the rendered manifests)` }));
}
