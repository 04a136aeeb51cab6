import { createHash } from 'node:crypto';
import { constants, existsSync, mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** The size and the SHA-256 of a file. */
export interface FileEntry {
  readonly bytes: number;
  readonly sha256: string;
}

const CHUNK_BYTES = 262_144;
/** Files that are read, written or synced at the same time. */
const AT_ONCE = 8;

/** Writes one new file, which only its owner may read, as it contains personal data or passwords. */
export class FileSink {
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws Error if the file exists */
  static async open(path: string): Promise<FileSink> {
    return new FileSink(await open(path, 'wx', 0o600));
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#handle.writeFile(chunk);
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Closes the file. {@link syncAll} makes it durable. */
  async end(): Promise<FileEntry> {
    await this.#handle.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

/** Copies a file. Its end is where the last read finds it, as the file may grow meanwhile. */
export async function copyFile(from: string, to: string): Promise<FileEntry> {
  const source = await open(from, constants.O_RDONLY);
  try {
    const sink = await FileSink.open(to);
    try {
      for await (const chunk of chunksOf(source)) await sink.write(chunk);
      return await sink.end();
    } finally {
      await sink.abandon();
    }
  } finally {
    await source.close();
  }
}

/** Writes a file with this content. */
export async function writeNewFile(path: string, content: Uint8Array | string): Promise<FileEntry> {
  const sink = await FileSink.open(path);
  try {
    await sink.write(Buffer.from(content));
    return await sink.end();
  } finally {
    await sink.abandon();
  }
}

/** Reads a file to compute its size and checksum. */
export async function readEntry(path: string): Promise<FileEntry> {
  const source = await open(path, constants.O_RDONLY);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of chunksOf(source)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await source.close();
  }
}

/** The chunks of an open file. Each is valid until the next one is read. */
export async function* chunksOf(source: FileHandle, chunkBytes = CHUNK_BYTES): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, chunkBytes);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
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
