import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export default {
  rootDir: root,
  roots: ['packages', 'services', 'infra'].map((folder) => `${root}/${folder}`),
  testMatch: ['**/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  // Source files import each other as `.js`, the name of the built file.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  reporters: ['default', `${root}/infra/tally-reporter.mjs`],
  testSequencer: `${root}/infra/slowest-first.mjs`,
  cacheDirectory: `${root}/.cache/jest`,
  // With three files at a time the two cores of a small machine are idle for a fifth of the time, because files wait for servers.
  maxWorkers: 4,
  // A long timeout, only for hanging tests: a busy machine can be ten times slower than an idle one.
  testTimeout: 300_000,
};
