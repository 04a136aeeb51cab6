import { namesReadBy, PROGRAMS } from '../service-variables.js';
import { fields, items, text } from '../shape.js';
import { type Manifest, podTemplateOf } from './manifests.js';
import { programOf } from './pod-environment.js';
import type { Report } from './report.js';

/** Each key of a ConfigMap in `envFrom` of our programs is read by one of them. */
export function checkConfig(manifests: readonly Manifest[], report: Report): void {
  for (const manifest of manifests.filter(({ kind }) => kind === 'ConfigMap')) {
    const readers = PROGRAMS.filter((program) => getsWhole(manifests, manifest.name).includes(program));
    if (readers.length === 0) continue;
    const known = new Set(readers.flatMap((program) => [...namesReadBy(program)]));
    for (const name of Object.keys(fields(manifest.document.value, 'data'))) {
      if (!known.has(name)) report(manifest, ['data', name], `nobody reads ${name}`);
    }
  }
}

function getsWhole(manifests: readonly Manifest[], configMap: string): string[] {
  return manifests
    .flatMap((manifest) => items(podTemplateOf(manifest)?.spec, 'containers'))
    .filter((container) => items(container, 'envFrom').some((from) => text(from, 'configMapRef', 'name') === configMap))
    .flatMap((container) => programOf(container) ?? []);
}
