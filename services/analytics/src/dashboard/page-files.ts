import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the page, in memory. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** The same by `Content-Encoding`, as the build compressed it. */
  readonly br: Buffer;
  readonly gzip: Buffer;
}

/** The files that `packages/dashboard/build.mjs` makes. */
export interface PageFiles {
  readonly index: PageFile;
  /** By name, which contains a hash of the content. */
  readonly files: ReadonlyMap<string, PageFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** @throws the error of `readdir` or `readFile` */
export async function loadPageFiles(): Promise<PageFiles> {
  const folder = dirname(fileURLToPath(import.meta.resolve('@ads/dashboard/index.html')));
  const names = (await readdir(join(folder, 'files'))).filter((name) => extname(name) in TYPES);
  const [index, ...files] = await Promise.all([
    load(join(folder, 'index.html')),
    ...names.map(async (name) => [name, await load(join(folder, 'files', name))] as const),
  ]);
  return { index, files: new Map(files) };
}

async function load(file: string): Promise<PageFile> {
  const [plain, br, gzip] = await Promise.all([readFile(file), readFile(`${file}.br`), readFile(`${file}.gz`)]);
  const version = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  return { type: TYPES[extname(file)] ?? 'application/octet-stream', etag: `W/"${version}"`, plain, br, gzip };
}
