import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Check } from '../check.js';
import { manifestFiles, patchFiles } from '../kubernetes/manifests.js';
import { ALLOWED_VERSIONS, API_VERSION, typedSource } from '../kubernetes/typed.js';
import type { Problem } from '../problem.js';
import { inScratchFolder } from '../scratch-folder.js';
import { text } from '../shape.js';
import { typeErrors } from '../type-errors.js';
import type { YamlDocument } from '../yaml-file.js';

const MODULES = {
  kubernetes: dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json')),
  extensions: fileURLToPath(new URL('../../src/kubernetes/extensions.js', import.meta.url)),
};

const COMPILER_OPTIONS = '--strict --module esnext --moduleResolution bundler --target es2023 --skipLibCheck'.split(
  ' ',
);

/** A file of manifests, and the name under which its problems are reported. */
interface ManifestSource {
  readonly file: string;
  readonly documents: readonly YamlDocument[];
  /** False for a patch, which holds a part of a resource. */
  readonly whole: boolean;
}

/** Manifests have only fields that Kubernetes knows, of the right type, and every required field. */
export const kubernetesApi: Check = {
  name: `manifests against the API of Kubernetes ${API_VERSION}`,
  async run(repository) {
    const patches = patchFiles(repository);
    const files = manifestFiles(repository).map((file) => ({
      file,
      ...repository.yaml(file),
      whole: !patches.has(file),
    }));
    return [...files.flatMap(({ problems }) => problems), ...(await checkAgainstApi(files))];
  },
};

export async function checkAgainstApi(sources: readonly ManifestSource[]): Promise<Problem[]> {
  // A list of JSON patches has no fields of a resource; rendering the overlay checks it.
  const resources = sources.map(({ documents, ...source }) => ({
    ...source,
    documents: documents.filter(({ value }) => !Array.isArray(value) && !isDeletion(value)),
  }));
  const isAllowed = ({ value }: YamlDocument) => ALLOWED_VERSIONS.includes(text(value, 'apiVersion'));
  const versions = ALLOWED_VERSIONS.join(', ');
  const refused = resources
    .flatMap(({ documents }) => documents.filter((document) => !isAllowed(document)))
    .map(({ value, problem }) =>
      problem(['apiVersion'], `apiVersion ${text(value, 'apiVersion') || '(none)'} is not one of ${versions}`),
    );
  const errors = await inScratchFolder(async (folder) => {
    const names = resources.flatMap(({ documents, whole }, index) => {
      const allowed = documents.filter(isAllowed);
      if (allowed.length === 0) return [];
      const name = `manifest-${index}.ts`;
      writeFileSync(join(folder, name), typedSource(allowed, whole, MODULES));
      return [name];
    });
    return names.length === 0 ? [] : typeErrors(folder, [...COMPILER_OPTIONS, ...names]);
  });
  const found = errors.map(({ file, line, message }) => ({
    file: resources[Number(/\d+/.exec(file)?.[0])]?.file ?? file,
    line,
    message: inWordsOfManifests(message),
  }));
  return [...refused, ...found];
}

/** A patch that only deletes a resource. */
function isDeletion(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$patch' in value;
}

function inWordsOfManifests(message: string): string {
  return message
    .replace(
      /^Object literal may only .*? '"?([^'"]+)"?' does not exist in type '.*'\.( Did you mean .*)?$/,
      'unknown field $1.$2',
    )
    .replace(/^Property '(\w+)' is missing in type .* but required in type '(\w+)'\.$/, '$2 has no $1')
    .replace(/^Namespace '.*' has no exported member '(\w+)'.*/, 'this API version has no $1');
}
