import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readYaml, type YamlFile } from './yaml-file.js';

const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.cache', '.local']);

/** The files of a checkout, by their paths from its root. */
export interface Repository {
  readonly root: string;
  has(path: string): boolean;
  /** @throws Error if it does not exist */
  text(path: string): string;
  yaml(path: string): YamlFile;
  /** Files below a folder whose path from the root matches; none when there is no such folder. */
  files(folder: string, pattern: RegExp): string[];
}

export function openRepository(root: string): Repository {
  const parsed = new Map<string, YamlFile>();
  const text = (path: string) => readFileSync(join(root, path), 'utf8');

  function* walk(folder: string): Generator<string> {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* walk(path);
      else yield relative(root, path);
    }
  }

  return {
    root,
    has: (path) => existsSync(join(root, path)),
    text,
    yaml(path) {
      const known = parsed.get(path) ?? readYaml(path, text(path));
      parsed.set(path, known);
      return known;
    },
    files(folder, pattern) {
      const start = join(root, folder);
      if (!existsSync(start) || !statSync(start).isDirectory()) return [];
      return [...walk(start)].filter((path) => pattern.test(path)).sort();
    },
  };
}
