import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { localFolder } from '../src/index.js';
import { openLogFolder } from '../src/launcher/log-folder.js';

const parent = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'));

test('the logs of the last five runs are kept, also of runs in quick succession', () => {
  mkdirSync(parent, { recursive: true });
  for (let run = 1; run <= 8; run += 1) {
    const folder = openLogFolder(parent);
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'ingest.log'), `run ${run}`);
  }
  const previous = join(parent, 'logs-previous');
  const kept = readdirSync(previous).map((name) => readFileSync(join(previous, name, 'ingest.log'), 'utf8'));
  expect(kept.sort()).toEqual(['run 3', 'run 4', 'run 5', 'run 6', 'run 7']);
});
