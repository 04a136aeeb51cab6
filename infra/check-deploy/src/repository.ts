import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readYaml, type YamlFile } from './yaml-file.js';

const NOT_OURS = new Set(['node_modules', 'dist', 'bundle', '.git', '.cache', '.local']);

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

/** YAML files by path, with the text that was parsed. */
export type ParsedFiles = Map<string, { readonly text: string; readonly file: YamlFile }>;

/** @param parsed may be shared by repositories with mostly the same files, since parsing takes most of the time of a check */
export function openRepository(root: string, parsed: ParsedFiles = new Map()): Repository {
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
      const current = text(path);
      const known = parsed.get(path);
      if (known?.text === current) return known.file;
      const file = readYaml(path, current);
      parsed.set(path, { text: current, file });
      return file;
    },
    files(folder, pattern) {
      const start = join(root, folder);
      if (!existsSync(start) || !statSync(start).isDirectory()) return [];
      return [...walk(start)].filter((path) => pattern.test(path)).sort();
    },
  };
}
