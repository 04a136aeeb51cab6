// Bundles the page into dist: index.html, and files whose names contain a hash of their content, each compressed as well.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('src', import.meta.url));
const target = fileURLToPath(new URL('dist', import.meta.url));

await rm(target, { recursive: true, force: true });
const { outputFiles } = await build({
  entryPoints: {
    page: join(source, 'main.tsx'),
    style: join(source, 'styles/main.css'),
    icon: join(source, 'icon.svg'),
  },
  entryNames: '[name]-[hash]',
  outdir: join(target, 'files'),
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  // `light-dark()` and top-level `await` are newer.
  target: ['chrome109', 'firefox115', 'safari16'],
  legalComments: 'none',
});

const files = new Map(outputFiles.map(({ path, contents }) => [`files/${basename(path)}`, contents]));
const nameOf = (start) => {
  const name = [...files.keys()].find((one) => one.startsWith(`files/${start}-`));
  if (name === undefined) throw new Error(`The build made no file that begins with ${start}-.`);
  return `/dashboard/${name}`;
};
const template = await readFile(join(source, 'index.html'), 'utf8');
const index = template.replaceAll(/\{(\w+)\}/g, (_, start) => nameOf(start));
files.set('index.html', Buffer.from(index));

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
await mkdir(join(target, 'files'), { recursive: true });
await Promise.all(
  [...files].map(async ([name, content]) => {
    const file = join(target, name);
    const [br, gz] = await Promise.all([brotli(content, quality), zip(content, { level: 9 })]);
    await Promise.all([writeFile(file, content), writeFile(`${file}.br`, br), writeFile(`${file}.gz`, gz)]);
  }),
);
