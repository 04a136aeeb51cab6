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
  // Sources import each other by the names of the built files.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  reporters: ['default', `${root}/infra/tally-reporter.mjs`],
  testSequencer: `${root}/infra/chaos-first.mjs`,
  cacheDirectory: `${root}/.cache/jest`,
  // The tests share the machine with the servers that they start.
  maxWorkers: 2,
  // The timeout only ends hanging tests: a busy machine may need ten times as long as a quiet one.
  testTimeout: 300_000,
};
