import type { Finding } from '../containers.js';
import type { Repository } from '../repository.js';
import { fields, type Place, placesAt, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** A resource of Kubernetes. */
export interface Manifest {
  readonly document: YamlDocument;
  readonly value: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** The template of the pods of a workload. */
  readonly pod: PodTemplate | undefined;
}

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  /** The path of `spec` in the manifest. */
  readonly path: readonly string[];
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Returns the problems of a manifest. `all` are the manifests of the cluster, which it may refer to. */
export type Rule = (manifest: Manifest, all: readonly Manifest[]) => Iterable<Finding>;

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];

export function manifestOf(document: YamlDocument): Manifest {
  const { value } = document;
  const kind = text(value, 'kind');
  const path = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  return {
    document,
    value,
    apiVersion: text(value, 'apiVersion'),
    kind,
    name: text(value, 'metadata', 'name'),
    pod: WORKLOADS.includes(kind)
      ? {
          labels: labelsOf(fields(value, ...path, 'metadata', 'labels')),
          path: [...path, 'spec'],
          spec: fields(value, ...path, 'spec'),
        }
      : undefined,
  };
}

/** The containers of a pod. `path`: from the root of the manifest. */
export function containersOf(pod: PodTemplate | undefined, lists = ['initContainers', 'containers']): Place[] {
  if (pod === undefined) return [];
  return placesAt(pod.spec, lists, '*').map(({ path, value }) => ({ path: [...pod.path, ...path], value }));
}

/** The manifests of every cluster. The files in `k8s` itself are links to them. */
export function baseManifests(repository: Repository): Manifest[] {
  return manifestFiles(repository)
    .filter((file) => file.startsWith('k8s/base/') && !isKustomization(file))
    .flatMap((file) => repository.yaml(file).documents.map(manifestOf));
}

/** The files of manifests, without the chart, whose templates are no YAML. */
export function manifestFiles(repository: Repository): string[] {
  return repository.files('k8s', /^k8s\/(?!chart\/).*\/[^/]+\.ya?ml$/);
}

/** The file of Kustomize itself, which is not applied to a cluster. */
function isKustomization(file: string): boolean {
  return file.endsWith('/kustomization.yaml');
}

/** Patches named by a kustomization. A patch holds a part of a resource. */
export function patchFiles(repository: Repository): ReadonlySet<string> {
  const kustomizations = manifestFiles(repository).filter(isKustomization);
  const patches = kustomizations.flatMap((file) =>
    repository
      .yaml(file)
      .documents.flatMap(({ value }) => placesAt(value, 'patches', '*', 'path'))
      .map(({ value }) => file.replace(/[^/]+$/, String(value))),
  );
  return new Set(patches);
}

export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields(value)).map(([name, label]) => [name, String(label)]));
}
