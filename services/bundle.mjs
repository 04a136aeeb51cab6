// Bundles the programs of each service with their libraries: see packages/runtime/decisions/0001-bundle-services.md.
//   node services/bundle.mjs

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';

/** The built files that Node runs, as processes or as threads. */
const PROGRAM = /(^|\/)(main|.+-main|migrate|.+-worker)\.js$/;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Our modules read files at an address relative to their own, which a bundle does not have. */
const keepAddresses = (folder) => ({
  name: 'keep addresses',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](packages|services)[\\/]\w+[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const address = JSON.stringify(relative(folder, path).replaceAll('\\', '/'));
      const text = readFileSync(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`) };
    });
  },
});

/**
 * Express reads bodies with this library, of which no service makes use: see packages/http/src/request-body.ts. With its tables of
 * character sets it is a fifth of the bundle of ingest.
 */
const withoutBodyParser = {
  name: 'without body-parser',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^body-parser$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Removes the libraries from a source map. Node decodes the map for its first stack trace; with the libraries this takes 50 MB. */
function withoutLibraries(json) {
  const map = JSON.parse(json);
  const isOurs = map.sources.map((source) => !source.includes('/node_modules/'));
  let inOurs = false;
  const lines = decode(map.mappings).map((line) =>
    line.flatMap((segment) => {
      const [column, source] = segment;
      const wasInOurs = inOurs;
      inOurs = isOurs[source] ?? false;
      if (inOurs) return [segment];
      // Marks the end of our code. Otherwise Node would map positions in the library to our last line.
      return wasInOurs ? [[column]] : [];
    }),
  );
  return JSON.stringify({ ...map, mappings: encode(lines) });
}

/** True if the bundle is complete, and no file that it was made from has changed since. */
function isFresh(inputsFile) {
  if (!existsSync(inputsFile)) return false;
  const made = statSync(inputsFile).mtimeMs;
  const inputs = ['services/bundle.mjs', 'pnpm-lock.yaml', ...JSON.parse(readFileSync(inputsFile, 'utf8'))];
  return inputs.every((path) => (statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? made) < made);
}

async function bundle(name) {
  const folder = join(root, 'services', name, 'bundle');
  const inputsFile = join(folder, 'inputs.json');
  if (isFresh(inputsFile)) return;
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: readdirSync(join(root, 'services', name, 'dist'), { recursive: true })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => PROGRAM.test(file))
      .map((file) => ({ in: `services/${name}/dist/${file}`, out: basename(file, '.js') })),
    outdir: folder,
    bundle: true,
    // Parts that are imported on first use, and parts of several programs, become files of their own.
    splitting: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // Libraries in CommonJS use these.
    banner: {
      js: `import { createRequire as requireFor } from 'node:module';
const require = requireFor(import.meta.url), __dirname = import.meta.dirname;`,
    },
    // V8 keeps the text of each file in memory, and two bytes for each character if one of them is not in Latin-1, such as a
    // dash in a comment. Without comments and indentation, and without body-parser, the text of ingest takes 2.3 instead of
    // 7.8 MB, and that of analytics 2.1 instead of 7.8 MB.
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [keepAddresses(folder), withoutBodyParser],
    metafile: true,
    write: false,
  });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const { path, text } of outputFiles) {
    writeFileSync(path, path.endsWith('.map') ? withoutLibraries(text) : text);
  }
  // This file is written last: without it the bundle is incomplete.
  const inputs = Object.keys(metafile.inputs).filter((path) => !path.startsWith('empty:'));
  writeFileSync(inputsFile, JSON.stringify(inputs));
}

const services = readdirSync(join(root, 'services'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
await Promise.all(services.map(({ name }) => bundle(name)));
