import type { Repository } from '../repository.js';
import { fields, items, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

export const FOLDER = 'k8s';

/** A resource of Kubernetes. */
export interface Manifest {
  readonly document: YamlDocument;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

export function manifestOf(document: YamlDocument): Manifest {
  const { value } = document;
  return {
    document,
    apiVersion: text(value, 'apiVersion'),
    kind: text(value, 'kind'),
    name: text(value, 'metadata', 'name'),
  };
}

/** The file of Kustomize itself, which is not applied to a cluster. */
export function isKustomization(file: string): boolean {
  return file.endsWith('/kustomization.yaml');
}

/** The manifests of every cluster: all files outside of overlays and components. */
export function baseManifests(repository: Repository): Manifest[] {
  return manifestFiles(repository)
    .filter((file) => !/^k8s\/(overlays|components)\//.test(file) && !isKustomization(file))
    .flatMap((file) => repository.yaml(file).documents.map(manifestOf));
}

export function manifestFiles(repository: Repository): string[] {
  return repository.files(FOLDER, /\.ya?ml$/);
}

/** Patches named by a kustomization. A patch holds a part of a resource. */
export function patchFiles(repository: Repository): ReadonlySet<string> {
  return new Set(
    manifestFiles(repository)
      .filter(isKustomization)
      .flatMap((file) =>
        repository
          .yaml(file)
          .documents.flatMap(({ value }) =>
            items(value, 'patches').map((patch) => file.replace(/[^/]+$/, text(patch, 'path'))),
          ),
      ),
  );
}

/** The folders that `kubectl kustomize` renders, below `k8s/overlays`. */
export function overlays(repository: Repository): string[] {
  return repository
    .files(`${FOLDER}/overlays`, /\/kustomization\.yaml$/)
    .map((file) => file.replace('/kustomization.yaml', ''));
}

/** The pod template of a workload and its path; undefined for other kinds. */
export function podTemplateOf({ kind, document }: Manifest): PodTemplate | undefined {
  const path = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  if (!['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].includes(kind)) return undefined;
  return {
    path,
    labels: labelsOf(fields(document.value, ...path, 'metadata', 'labels')),
    spec: fields(document.value, ...path, 'spec'),
  };
}

export interface PodTemplate {
  readonly path: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields(value)).map(([name, label]) => [name, String(label)]));
}
