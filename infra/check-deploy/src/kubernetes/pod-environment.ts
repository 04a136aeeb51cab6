import { namesReadBy, PROGRAMS, type Program } from '../service-variables.js';
import { fields, items, text } from '../shape.js';
import { keysOf } from './config.js';
import type { Manifest } from './manifests.js';
import type { PodReport } from './report.js';

/** Each variable has an existing source, and a program that reads it. */
export function checkEnvironment(manifests: readonly Manifest[], container: unknown, report: PodReport): void {
  const program = programOf(container);
  const known = program && namesReadBy(program);
  for (const [index, variable] of items(container, 'env').entries()) {
    const name = text(variable, 'name');
    if (known !== undefined && !known.has(name)) report(['env', index], `${program} does not read ${name}`);
    for (const [field, kind] of [
      ['configMapKeyRef', 'ConfigMap'],
      ['secretKeyRef', 'Secret'],
    ] as const) {
      const source = fields(variable, 'valueFrom', field);
      if (Object.keys(source).length === 0 || source.optional === true) continue;
      const keys = keysOf(manifests, kind, text(source.name));
      if (keys?.includes(text(source.key)) !== true) {
        report(
          ['env', index, 'valueFrom', field, 'key'],
          `${name} is taken from ${kind} ${text(source.name)}, which has no ${text(source.key)}`,
        );
      }
    }
  }
  for (const [index, from] of items(container, 'envFrom').entries()) {
    for (const [field, kind] of [
      ['configMapRef', 'ConfigMap'],
      ['secretRef', 'Secret'],
    ] as const) {
      const name = text(from, field, 'name');
      if (name !== '' && keysOf(manifests, kind, name) === undefined) {
        report(['envFrom', index], `takes its variables from ${kind} ${name}, which is not there`);
      }
    }
  }
}

/** The program of a container, by its image in any registry. */
export function programOf(container: unknown): Program | undefined {
  const image = text(container, 'image');
  return PROGRAMS.find((program) => new RegExp(`(^|/)ads-metric-tracker/${program}[:@]`).test(image));
}
