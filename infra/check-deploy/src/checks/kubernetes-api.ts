import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localFolder } from '@ads/local';
import type { Check } from '../check.js';
import { manifestFiles, manifestOf, patchFiles } from '../kubernetes/manifests.js';
import { ALLOWED_VERSIONS, API_VERSION, typedSource } from '../kubernetes/typed.js';
import type { Problem } from '../problem.js';
import { typeErrors } from '../type-errors.js';
import type { YamlDocument } from '../yaml-file.js';

const MODULES = {
  kubernetes: dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json')),
  extensions: fileURLToPath(new URL('../../src/kubernetes/extensions.js', import.meta.url)),
};

/** A file of manifests, and the name that its problems are reported under. */
export interface ManifestSource {
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
    return { problems: [...files.flatMap(({ problems }) => problems), ...(await checkAgainstApi(files))] };
  },
};

export async function checkAgainstApi(sources: readonly ManifestSource[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const allowed = sources.flatMap(({ documents, ...source }) => {
    // A list of JSON patches has no fields of a resource; rendering the overlay checks it.
    const resources = documents.filter(({ value }) => !Array.isArray(value) && !isDeletion(value));
    const known = resources.filter((document) => {
      const { apiVersion } = manifestOf(document);
      const ok = ALLOWED_VERSIONS.includes(apiVersion);
      if (!ok) {
        const message = `apiVersion ${apiVersion || '(none)'} is not one of ${ALLOWED_VERSIONS.join(', ')}`;
        problems.push({ file: source.file, line: document.lineOf(['apiVersion']), message });
      }
      return ok;
    });
    return known.length === 0 ? [] : [{ ...source, documents: known }];
  });

  if (allowed.length === 0) return problems;
  mkdirSync(localFolder, { recursive: true });
  const folder = mkdtempSync(join(localFolder, 'check-deploy-'));
  try {
    const names = allowed.map(({ documents, whole }, index) => {
      const name = `manifest-${index}.ts`;
      writeFileSync(join(folder, name), typedSource(documents, whole, MODULES));
      return name;
    });
    const errors = await typeErrors(folder, [
      '--strict',
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      '--target',
      'es2023',
      '--skipLibCheck',
      ...names,
    ]);
    for (const { file, line, message } of errors) {
      const source = allowed[names.indexOf(file)];
      problems.push({ file: source?.file ?? file, line, message: inWordsOfManifests(message) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return problems;
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
