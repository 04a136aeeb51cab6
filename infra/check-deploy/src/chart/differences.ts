import { isDeepStrictEqual } from 'node:util';
import { at, fields, text } from '../shape.js';

/**
 * Compares the resources of the chart with those of an overlay.
 *
 * Three differences are intended. Helm creates no namespace, and the chart no Secret. A Job cannot be changed, so its name
 * contains a hash. Pods have a hash of their configuration, so that a change replaces them.
 *
 * @returns a line for each field that differs
 */
export function differences(chart: readonly unknown[], overlay: readonly unknown[]): string[] {
  const [ours, theirs] = [byName(chart), byName(overlay)];
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  return [...names].flatMap((name) => differing(name, ours.get(name), theirs.get(name)));
}

function byName(resources: readonly unknown[]): Map<string, unknown> {
  const compared = resources.filter((one) => !['', 'Namespace', 'Secret'].includes(text(one, 'kind'))).map(comparable);
  return new Map(compared.map((one) => [`${text(one, 'kind')} ${text(one, 'metadata', 'name')}`, one]));
}

function comparable(resource: unknown): unknown {
  const copy = structuredClone(resource);
  const metadata = at(copy, 'metadata') as Record<string, unknown>;
  if (text(copy, 'kind') === 'Job') metadata.name = text(metadata, 'name').replace(/-[0-9a-f]{8}$/, '');
  if (text(copy, 'kind') !== 'Deployment') return copy;
  const [spec, pod] = [at(copy, 'spec'), at(copy, 'spec', 'template', 'metadata')] as Record<string, unknown>[];
  if (Object.keys(fields(pod, 'annotations')).join() === 'checksum/config') delete pod?.annotations;
  // The default.
  if (spec?.replicas === 1) delete spec.replicas;
  return copy;
}

function differing(path: string, ours: unknown, theirs: unknown): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  const isObject = (value: unknown) => typeof value === 'object' && value !== null;
  if (!isObject(ours) || !isObject(theirs)) {
    return [`${path} is ${JSON.stringify(ours) ?? 'missing'} instead of ${JSON.stringify(theirs) ?? 'missing'}`];
  }
  const keys = new Set([...Object.keys(ours as object), ...Object.keys(theirs as object)]);
  return [...keys].flatMap((key) => differing(`${path}.${key}`, at(ours, key), at(theirs, key)));
}
