import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';

/** The size and the SHA-256 of a file. */
export interface FileEntry {
  readonly bytes: number;
  readonly sha256: string;
}

const CHUNK_BYTES = 262_144;
/** Files that are synced at the same time. */
const AT_ONCE = 8;

/*
 * Files are read and written by synchronous calls, with pauses for other work of this process: Postgres has over a thousand small
 * files, and in a busy process each asynchronous call waits for its turn.
 */

const WORK_MS = 10;
let pausedAt = 0;

async function pauseForOthers(): Promise<void> {
  if (performance.now() - pausedAt < WORK_MS) return;
  await setImmediate();
  pausedAt = performance.now();
}

/** Writes a new file, which only its owner may read, as it contains personal data or passwords. @throws Error if it exists */
export async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<FileEntry> {
  const file = openSync(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of chunks) {
      writeFileSync(file, chunk);
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    // Postgres may have deleted the source: a backup must not have a file that its manifest does not name.
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Copies a file. Its end is where the last read finds it, as the file may grow meanwhile. */
export async function copyFile(from: string, to: string): Promise<FileEntry> {
  return await writeChunks(to, chunksOf(from));
}

/** Writes a file with this content. */
export async function writeNewFile(path: string, content: Uint8Array | string): Promise<FileEntry> {
  return await writeChunks(path, [Buffer.from(content)]);
}

/** Reads a file to compute its size and checksum. */
export async function readEntry(path: string): Promise<FileEntry> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The chunks of a file. Each is valid until the next one is read. */
export async function* chunksOf(path: string, chunkBytes = CHUNK_BYTES): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let length = 1; length > 0; await pauseForOthers()) {
      length = readSync(file, buffer, 0, chunkBytes, null);
      if (length > 0) yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** The folders and files below a folder, as relative paths with `/`; a folder comes before its content. */
export interface Tree {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** @throws Error for a file that is neither a folder nor a regular file */
export function readTree(root: string): Tree {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const special = entries.find((entry) => !entry.isDirectory() && !entry.isFile());
  if (special !== undefined) throw new Error(`${join(special.parentPath, special.name)} is not a regular file`);
  const pathsOf = (ofFolders: boolean) =>
    entries
      .filter((entry) => entry.isDirectory() === ofFolders)
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)).replaceAll(sep, '/'))
      .sort();
  return { folders: pathsOf(true), files: pathsOf(false) };
}

/** Runs `work` for each item, some at the same time. @throws the first error, after the running calls have ended */
export async function forEachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const run = async () => {
    for (let next = rest.next(); !next.done && errors.length === 0; next = rest.next()) {
      await work(next.value).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  if (errors.length > 0) throw errors[0];
}

/**
 * Makes files, and the names in folders, durable. To sync many files after all of them were written is several times as fast as
 * to sync each at its end, because the file system writes them together.
 */
export async function syncAll(paths: Iterable<string>): Promise<void> {
  await forEachOf(paths, async (path) => {
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Space that must remain free. */
const RESERVE_BYTES = 64 * 1_048_576;

/** @param folder is created if it is missing. @throws Error if its volume has no room for this many bytes */
export function requireSpace(folder: string, bytes: number): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes + RESERVE_BYTES) return;
  throw new Error(
    `${folder} has too little space: ${megabytes(bytes + RESERVE_BYTES)} are needed, ${megabytes(bavail * bsize)} are free.`,
  );
}

export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576).toLocaleString('en')} MB`;
}
