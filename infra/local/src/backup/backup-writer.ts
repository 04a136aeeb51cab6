import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findProcess } from '../processes/table.js';
import { copyFile, type FileEntry, syncAll, writeChunks, writeNewFile } from './backup-files.js';
import { checksumLine, type Manifest, PARTS } from './manifest.js';

/**
 * Writes a new backup under the temporary name `<folder>.partial-<pid>`, and gives it its name when all of it is on the disk. Only
 * the owner may read it.
 */
export class BackupWriter {
  readonly #folder: string;
  readonly #draft: string;
  readonly #folders: string[] = [];
  readonly #files: Record<string, FileEntry> = {};

  /** Deletes what killed backups to this folder have left. @throws Error if the folder exists */
  constructor(folder: string) {
    requireAbsent(folder);
    this.#folder = folder;
    this.#draft = `${folder}.partial-${process.pid}`;
    mkdirSync(dirname(folder), { recursive: true });
    for (const left of draftsOf(folder)) rmSync(left, { recursive: true, force: true });
    mkdirSync(this.#draft, { mode: 0o700 });
  }

  addFolder(path: string): void {
    mkdirSync(join(this.#draft, path), { mode: 0o700 });
    this.#folders.push(path);
  }

  /** Copies a file that may grow meanwhile. */
  async copy(path: string, from: string): Promise<void> {
    this.#files[path] = await copyFile(from, join(this.#draft, path));
  }

  async write(path: string, content: Uint8Array | string): Promise<void> {
    this.#files[path] = await writeNewFile(join(this.#draft, path), content);
  }

  /** Writes a file in chunks. An earlier file of that name is replaced. */
  async writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const file = join(this.#draft, path);
    rmSync(file, { force: true });
    this.#files[path] = await writeChunks(file, chunks);
  }

  /** Completes the backup. @throws Error if the folder exists by now */
  async finish(head: Omit<Manifest, 'folders' | 'files'>): Promise<Manifest> {
    const manifest: Manifest = { ...head, folders: this.#folders, files: this.#files };
    const text = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
    await writeNewFile(join(this.#draft, PARTS.manifest), text);
    await writeNewFile(join(this.#draft, PARTS.manifestSum), checksumLine(text));
    const written = [PARTS.manifest, PARTS.manifestSum, ...Object.keys(this.#files), ...this.#folders, ''];
    await syncAll(written.map((path) => join(this.#draft, path)));
    requireAbsent(this.#folder);
    renameSync(this.#draft, this.#folder);
    await syncAll([dirname(this.#folder)]);
    return manifest;
  }

  /** Deletes what was written. */
  abandon(): void {
    rmSync(this.#draft, { recursive: true, force: true });
  }
}

function requireAbsent(folder: string): void {
  if (existsSync(folder)) throw new Error(`${folder} exists. A backup needs a new folder.`);
}

/** The drafts of backups to this folder whose process has ended. */
function draftsOf(folder: string): string[] {
  const prefix = `${basename(folder)}.partial-`;
  return readdirSync(dirname(folder))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .filter((name) => {
      const pid = Number(name.slice(prefix.length));
      return pid === process.pid || findProcess(pid) === undefined;
    })
    .map((name) => join(dirname(folder), name));
}
