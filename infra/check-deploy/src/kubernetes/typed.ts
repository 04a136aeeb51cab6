import { type Path, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/*
 * Manifests are checked against the API by the compiler that knows its types: each becomes an object literal of the type
 * of its kind, in which a field that is unknown, missing or of another type is an error. Each key stays on its line, so the
 * compiler's lines are those of the file.
 */

/** The version of the Kubernetes API; the package kubernetes-types has the same minor version. */
export const API_VERSION = '1.30';

/** The modules of kubernetes-types by allowed API version: stable ones that are not deprecated. */
const MODULES: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'autoscaling/v2': 'autoscaling/v2',
  'batch/v1': 'batch/v1',
  'networking.k8s.io/v1': 'networking/v1',
  'policy/v1': 'policy/v1',
};

/** API versions of add-ons and kustomize. extensions.ts has the types of the fields that we use. */
const EXTENSIONS: readonly string[] = [
  'gateway.networking.k8s.io/v1',
  'keda.sh/v1alpha1',
  'monitoring.coreos.com/v1',
  'kustomize.config.k8s.io/v1beta1',
  'kustomize.config.k8s.io/v1alpha1',
];

export const ALLOWED_VERSIONS = [...Object.keys(MODULES), ...EXTENSIONS];

/**
 * Returns TypeScript source whose type errors are the mistakes in a file.
 *
 * @param whole false for patches, which hold a part of a resource
 * @param modules the folder of kubernetes-types, and the file with the types of extensions
 */
export function typedSource(
  documents: readonly YamlDocument[],
  whole: boolean,
  modules: { kubernetes: string; extensions: string },
): string {
  let source = 'type Part<T> = T extends object ? { [K in keyof T]?: Part<T[K]> } : T; ';
  let line = 1;
  const goTo = (wanted: number) => {
    source += '\n'.repeat(Math.max(0, wanted - line));
    line = Math.max(line, wanted);
  };
  for (const [index, document] of documents.entries()) {
    const write = (value: unknown, path: Path): void => {
      if (typeof value !== 'object' || value === null) {
        source += JSON.stringify(value);
        return;
      }
      const isList = Array.isArray(value);
      source += isList ? '[' : '{';
      for (const [key, inner] of Object.entries(value)) {
        const here = [...path, key];
        goTo(document.lineOf(here));
        if (!isList) source += `${JSON.stringify(key)}: `;
        write(inner, here);
        source += ',';
      }
      source += isList ? ']' : '}';
    };
    goTo(document.lineOf([]));
    const type = typeOf(document, modules);
    source += `export const document${index}: ${whole ? type : `Part<${type}>`} = `;
    write(document.value, []);
    source += ';';
  }
  return `${source}\n`;
}

function typeOf(
  { value }: YamlDocument,
  { kubernetes, extensions }: { kubernetes: string; extensions: string },
): string {
  const module = MODULES[text(value, 'apiVersion')];
  const from = module === undefined ? extensions : `${kubernetes}/${module}`;
  return `import(${JSON.stringify(from)}).${text(value, 'kind')}`;
}
