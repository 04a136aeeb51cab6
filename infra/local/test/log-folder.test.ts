import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { localFolder } from '../src/index.js';
import { openLogFolder } from '../src/launcher/log-folder.js';
import { LogFollower } from '../src/logs/follow.js';

const parent = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'));

test('the logs of the last five runs are kept, also of runs in quick succession', () => {
  mkdirSync(join(parent, 'logs-previous'), { recursive: true });
  // Some file managers leave files.
  writeFileSync(join(parent, 'logs-previous', '.DS_Store'), '');
  for (let run = 1; run <= 8; run += 1) {
    const folder = openLogFolder(parent);
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'ingest.log'), `run ${run}`);
  }
  const previous = join(parent, 'logs-previous');
  const runs = () => readdirSync(previous).filter((name) => name !== '.DS_Store');
  const kept = runs().map((name) => readFileSync(join(previous, name, 'ingest.log'), 'utf8'));
  expect(kept.sort()).toEqual(['run 3', 'run 4', 'run 5', 'run 6', 'run 7']);

  // Run 8 is the last one. It is kept alone, since it fills the room.
  openLogFolder(parent, 'run 8'.length);
  expect(runs()).toHaveLength(1);
});

test('log files are followed by whole lines, also after the next start has replaced them', () => {
  const folder = join(parent, 'followed');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'ingest.log');
  const follower = new LogFollower(folder, (name) => name !== 'nats');
  expect(follower.read()).toEqual([]);
  writeFileSync(join(folder, 'nats.log'), 'not wanted\n');
  writeFileSync(file, 'Node says something\n{"timestamp":"now","level":');
  expect(follower.read()).toEqual([{ name: 'ingest', text: 'Node says something', fields: undefined }]);
  appendFileSync(file, '"warn"}\n');
  expect(follower.read()).toMatchObject([{ fields: { timestamp: 'now', level: 'warn' } }]);
  rmSync(file);
  expect(follower.read()).toEqual([]);
  writeFileSync(file, 'new\n');
  expect(follower.read()).toMatchObject([{ text: 'new' }]);
  expect(follower.read()).toEqual([]);
});
