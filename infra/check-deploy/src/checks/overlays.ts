import { realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { toolCheck } from '../check.js';
import { baseManifests, type Manifest, manifestOf } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { inScratchFolder } from '../scratch-folder.js';
import { findKubectl, type Tool } from '../tools.js';
import { readYaml } from '../yaml-file.js';
import { checkAgainstApi } from './kubernetes-api.js';
import { checkManifests } from './kubernetes-rules.js';

const PRODUCTION = 'k8s/overlays/production';

/** Each overlay and each component of production renders, and the rendered manifests follow the same rules. */
export const overlays = toolCheck('kubectl kustomize', findKubectl, async (kubectl, repository) => {
  const base = baseManifests(repository);
  const known = new Set(checkManifests(base).map(({ message }) => message));
  const found: Problem[] = [];
  for (const file of repository.files('k8s/overlays', /\/kustomization\.yaml$/)) {
    found.push(...(await checkOverlay(repository, kubectl, file, dirname(file), base)));
  }
  for (const file of repository.files('k8s/components', /\/kustomization\.yaml$/)) {
    found.push(
      ...(await withProduction(repository, file, (folder) => checkOverlay(repository, kubectl, file, folder, base))),
    );
  }
  return found.filter(({ message }) => !known.has(message));
});

/** Runs `work` with a folder that adds a component to production. Kustomize takes relative paths only. */
function withProduction<T>(
  repository: Repository,
  component: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  return inScratchFolder((folder) => {
    const from = (path: string) => relative(realpathSync(folder), realpathSync(join(repository.root, path)));
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [from(PRODUCTION)],
      components: [from(dirname(component))],
    };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return work(folder);
  });
}

async function checkOverlay(
  repository: Repository,
  kubectl: Tool,
  file: string,
  folder: string,
  base: readonly Manifest[],
): Promise<Problem[]> {
  const { code, output } = await kubectl(['kustomize', folder], { cwd: repository.root });
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
