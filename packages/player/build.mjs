// Bundles the snippet: dist/player.js for a <script> element, dist/player.mjs for imports. tsc writes the types.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('.', import.meta.url));

const shared = {
  bundle: true,
  minify: true,
  // Smart TVs of 2019 run Chrome 68.
  target: 'es2018',
};
await Promise.all([
  build({ ...shared, entryPoints: [`${folder}src/index.ts`], format: 'esm', outfile: `${folder}dist/player.mjs` }),
  // With `globalName`, esbuild would add 0.2 KB of code for exports.
  build({
    ...shared,
    stdin: {
      contents: `import { track } from './src/index.js'; self.AdsMetricTracker = { track };`,
      resolveDir: folder,
    },
    format: 'iife',
    outfile: `${folder}dist/player.js`,
  }),
]);
