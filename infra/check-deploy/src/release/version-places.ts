import type { Repository } from '../repository.js';

/** A place in a file that names the version of the release. */
export interface VersionPlace {
  readonly file: string;
  /** The number of the line; the first line is 1. */
  readonly line: number;
  /** The offset of the version in the text of the file. */
  readonly start: number;
  readonly version: string;
}

/** The source: all other places have the version of this file. */
export const VERSION_SOURCE = 'package.json';

/** Files that name the version, and how. The last group of each pattern is the version. */
const WRITTEN: readonly {
  readonly files: (repository: Repository) => readonly string[];
  readonly pattern: RegExp;
  /** True if each of the files must name the version. */
  readonly everyFile?: true;
}[] = [
  { files: () => [VERSION_SOURCE], pattern: /^ {2}"version": "([^"]*)"/gm, everyFile: true },
  {
    files: (repository) =>
      ['packages', 'services', 'infra'].flatMap((group) => repository.files(group, /^\w+\/[\w-]+\/package\.json$/)),
    pattern: /^ {2}"version": "([^"]*)"/gm,
    everyFile: true,
  },
  { files: () => ['packages/models/src/version.ts'], pattern: /VERSION = '([^']*)'/g, everyFile: true },
  { files: () => ['infra/docker/Dockerfile'], pattern: /^ARG VERSION=(\S*)/gm, everyFile: true },
  { files: () => ['infra/docker/README.md'], pattern: /\bADS_VERSION=(\S*)/g },
  { files: () => ['k8s/chart/Chart.yaml'], pattern: /^(?:version|appVersion): (\S*)/gm, everyFile: true },
  { files: () => ['.env.example'], pattern: /^# ?ADS_VERSION=(\S*)/gm, everyFile: true },
  {
    files: (repository) => repository.files('.', /^docker-compose\.\w+\.yaml$/),
    pattern: /\$\{ADS_VERSION:-([^}]*)\}/g,
  },
  {
    // The manifests in k8s itself are links to those in k8s/base.
    files: (repository) => repository.files('k8s', /^k8s\/(?:\w+\/.+|\w+\.md)$/),
    pattern: /\bads-metric-tracker\/[\w{},-]+:([\w.-]*)/g,
  },
  {
    files: (repository) => repository.files('k8s', /\/kustomization\.yaml$/),
    pattern: /name: ads-metric-tracker\/[\w-]+\n(?: +newName: .+\n)? +newTag: "?([\w.-]*)/g,
  },
];

/** All places that name the version, in the order of the files; and the files that should name it but do not. */
export function versionPlaces(repository: Repository): {
  readonly places: readonly VersionPlace[];
  readonly missing: readonly string[];
} {
  const missing: string[] = [];
  const places = WRITTEN.flatMap(({ files, pattern, everyFile }) =>
    files(repository).flatMap((file) => {
      const text = repository.text(file);
      const found = [...text.matchAll(pattern)].map((match): VersionPlace => {
        const version = match.at(-1) ?? '';
        const start = match.index + match[0].lastIndexOf(version);
        return { file, line: text.slice(0, start).split('\n').length, start, version };
      });
      if (everyFile && found.length === 0) missing.push(file);
      return found;
    }),
  );
  return { places, missing };
}

/** The text of a file with another version in all of its places. */
export function withVersion(text: string, places: readonly VersionPlace[], version: string): string {
  let changed = text;
  for (const { start, version: former } of places.toSorted((a, b) => b.start - a.start)) {
    changed = changed.slice(0, start) + version + changed.slice(start + former.length);
  }
  return changed;
}
