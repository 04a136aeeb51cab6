import { namesReadBy, programOf } from '../service-variables.js';
import { at, fields, placesAt, text } from '../shape.js';
import { containersOf, type Manifest, type Rule } from './manifests.js';

/** A field that names another resource. */
interface Reference {
  /** The kind of the manifest, or `pod` for the pods of every workload. */
  readonly from: string;
  readonly path: Parameters<typeof placesAt>[1][];
  readonly verb: string;
  /** The kind of the other resource. */
  readonly to: string;
}

const CONTAINERS = ['initContainers', 'containers'];

const REFERENCES: readonly Reference[] = [
  { from: 'pod', path: ['serviceAccountName'], verb: 'runs as', to: 'ServiceAccount' },
  { from: 'pod', path: ['volumes', '*', 'configMap', 'name'], verb: 'mounts', to: 'ConfigMap' },
  { from: 'pod', path: ['volumes', '*', 'secret', 'secretName'], verb: 'mounts', to: 'Secret' },
  { from: 'pod', path: [CONTAINERS, '*', 'envFrom', '*', 'configMapRef', 'name'], verb: 'reads', to: 'ConfigMap' },
  { from: 'pod', path: [CONTAINERS, '*', 'envFrom', '*', 'secretRef', 'name'], verb: 'reads', to: 'Secret' },
  { from: 'StatefulSet', path: ['spec', 'serviceName'], verb: 'belongs to', to: 'Service' },
  {
    from: 'Ingress',
    path: ['spec', 'rules', '*', 'http', 'paths', '*', 'backend', 'service', 'name'],
    verb: 'leads to',
    to: 'Service',
  },
];

/** Checks that each resource that a manifest names exists. */
export const namedResources: Rule = function* ({ kind, value, pod }, all) {
  for (const { from, path, verb, to } of REFERENCES) {
    const prefix = from === 'pod' ? (pod?.path ?? []) : [];
    const places = from === 'pod' ? placesAt(pod?.spec, ...path) : from === kind ? placesAt(value, ...path) : [];
    for (const { path: field, value: name } of places) {
      const owner = at(prefix.length > 0 ? pod?.spec : value, ...field.slice(0, -1));
      if (at(owner, 'optional') === true) continue;
      if (!isThere(all, to, String(name))) yield [[...prefix, ...field], `${verb} ${to} ${name}, which does not exist`];
    }
  }
};

/** Checks that a scaler names an existing workload. */
export const scaledWorkloads: Rule = function* ({ kind, value }, all) {
  if (!['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind)) return;
  const path = ['spec', 'scaleTargetRef'];
  const scaled = text(value, ...path, 'kind') || 'Deployment';
  const name = text(value, ...path, 'name');
  if (!isThere(all, scaled, name)) yield [[...path, 'name'], `scales ${scaled} ${name}, which does not exist`];
};

/** Checks that each variable of a container has an existing source, and that the program reads it. */
export const variablesOfContainers: Rule = function* ({ pod }, all) {
  for (const { path, value: container } of containersOf(pod)) {
    const program = programOf(container);
    const known = program && namesReadBy(program);
    for (const { path: variable, value } of placesAt(container, 'env', '*')) {
      const name = text(value, 'name');
      const here = [...path, ...variable];
      if (known?.has(name) === false) yield [here, `${program} does not read ${name}`];
      for (const [field, kind] of [
        ['configMapKeyRef', 'ConfigMap'],
        ['secretKeyRef', 'Secret'],
      ] as const) {
        const source = at(value, 'valueFrom', field);
        const [from, key] = [text(source, 'name'), text(source, 'key')];
        if (source === undefined || at(source, 'optional') === true || keysOf(all, kind, from).includes(key)) continue;
        yield [[...here, 'valueFrom', field, 'key'], `${name} reads a key of ${kind} ${from}, which has no ${key}`];
      }
    }
  }
};

/** Checks that one of our programs reads each key of a ConfigMap in `envFrom`. */
export const variablesOfConfigMaps: Rule = function* ({ kind, name, value }, all) {
  if (kind !== 'ConfigMap') return;
  const readers = all
    .flatMap(({ pod }) => containersOf(pod, ['containers']))
    .filter(({ value: container }) =>
      placesAt(container, 'envFrom', '*', 'configMapRef', 'name').some((from) => from.value === name),
    )
    .flatMap(({ value: container }) => programOf(container) ?? []);
  const known = new Set(readers.flatMap((program) => [...namesReadBy(program)]));
  for (const variable of readers.length === 0 ? [] : Object.keys(fields(value, 'data'))) {
    if (!known.has(variable)) yield [['data', variable], `no program reads ${variable}`];
  }
};

function isThere(all: readonly Manifest[], kind: string, name: string): boolean {
  return all.some((one) => one.kind === kind && one.name === name);
}

function keysOf(all: readonly Manifest[], kind: 'ConfigMap' | 'Secret', name: string): string[] {
  return all
    .filter((one) => one.kind === kind && one.name === name)
    .flatMap(({ value }) =>
      placesAt(value, ['data', 'stringData', 'binaryData'], '*').map(({ path }) => String(path[1])),
    );
}
