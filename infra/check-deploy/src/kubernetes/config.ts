import { fields, text } from '../shape.js';
import type { Manifest } from './manifests.js';

/** The keys of ConfigMaps and Secrets, by kind and name. */
export function keysOf(
  manifests: readonly Manifest[],
  kind: 'ConfigMap' | 'Secret',
  name: string,
): string[] | undefined {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.name === name);
  if (found.length === 0) return undefined;
  return found.flatMap(({ document: { value } }) =>
    ['data', 'stringData', 'binaryData'].flatMap((part) => Object.keys(fields(value, part))),
  );
}

/** A value in any ConfigMap; empty when there is none. */
export function settingOf(manifests: readonly Manifest[], name: string): string {
  const maps = manifests.filter(({ kind }) => kind === 'ConfigMap');
  return maps.map(({ document }) => text(document.value, 'data', name)).find((value) => value !== '') ?? '';
}
