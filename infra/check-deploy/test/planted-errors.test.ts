import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OWN_CHECKS } from '../src/catalogue.js';
import { openRepository, type ParsedFiles } from '../src/repository.js';
import { CLUSTER } from './planted/cluster.js';
import { COMPOSE } from './planted/compose.js';
import { KUBERNETES } from './planted/kubernetes.js';
import { OTHERS } from './planted/others.js';
import type { Planted } from './planted/planted.js';
import { SERVICES_MISSING } from './planted/services.js';

let copy: string;
const parsed: ParsedFiles = new Map();

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'deploy-'));
  for (const file of openRepository(projectRoot).files('.', /./)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(projectRoot, file), join(copy, file));
  }
  symlinkSync(join(projectRoot, 'infra/k6/node_modules'), join(copy, 'infra/k6/node_modules'));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(OWN_CHECKS)('$name: reports no problem in the repository', async (check) => {
  expect(await check.run(openRepository(copy, parsed))).toEqual([]);
});

const PLANTED: readonly Planted[] = [...SERVICES_MISSING, ...COMPOSE, ...KUBERNETES, ...CLUSTER, ...OTHERS];

test.each(PLANTED.map((planted) => [`${planted.file}, ${planted.replace.trim()}`, planted] as const))(
  'the check reports the planted error in %s',
  async (_name, { check, file, find, replace, at, says }) => {
    const path = join(copy, file);
    const before = readFileSync(path, 'utf8');
    const start = typeof find === 'string' ? before.indexOf(find) : before.search(find);
    if (start < 0) throw new Error(`${file} does not have ${find} any more: plant the error elsewhere`);
    const after = before.replace(find, replace);
    writeFileSync(path, after);
    try {
      const place = at === undefined ? start : after.indexOf(at, start);
      const line = after.slice(0, place).split('\n').length;
      expect(await check.run(openRepository(copy, parsed))).toContainEqual({
        file,
        line,
        message: expect.stringMatching(says),
      });
    } finally {
      writeFileSync(path, before);
    }
  },
);
