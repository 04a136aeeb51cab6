import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  endLeftovers,
  type LocalProcess,
  localFolder,
  natsServer,
  postgresServer,
  redisServer,
  waitFor,
} from '../src/index.js';
import { findProcess } from '../src/processes/table.js';

const folder = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'));

describe.each([
  ['Postgres', () => postgresServer({ folder: join(folder, 'postgres') })],
  ['Redis', () => redisServer({ folder: join(folder, 'redis') })],
  ['NATS', () => natsServer({ folder: join(folder, 'nats') })],
])('%s', (_name, make) => {
  let server: LocalProcess | undefined;
  afterAll(() => server?.kill());

  test('answers, restarts after a kill, resumes after a freeze, and stops', async () => {
    server = await make();
    await server.start();
    const first = server.pid;
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.start();
    expect(server.pid).not.toBe(first);
    server.pause();
    server.resume();
    await server.restart();
    server.pause();
    await server.stop();
    expect(server.pid).toBeUndefined();
  });
});

test.each([
  ['Postgres', postgresServer],
  ['Redis', redisServer],
  ['NATS', natsServer],
])('another %s that answers on the port is not taken for the server', async (name, make) => {
  const [own, other] = ['own', 'other'].map((owner) => join(folder, `${name}-${owner}`)) as [string, string];
  const server = await make({ folder: own });
  if (name === 'Postgres') cpSync(own, other, { recursive: true });
  const absent = await make({ folder: other, port: server.port });
  await server.start();
  expect([await server.answers(), await absent.answers()]).toEqual([true, false]);
  await server.stop();
});

test('the error of a server that does not start has its reason', async () => {
  const server = await redisServer({ folder: join(folder, 'nonsense'), settings: { nonsense: 'yes' } });
  await expect(server.start()).rejects.toThrow(/Redis ended with code 1[\s\S]*nonsense/);
  expect(server.pid).toBeUndefined();
});

test('a server does not start again if its port was taken meanwhile', async () => {
  const server = await redisServer({ folder: join(folder, 'taken') });
  const other = createServer().listen(server.port, server.host);
  await once(other, 'listening');
  await expect(server.start()).rejects.toThrow(`port ${server.port} of 127.0.0.1 is taken by another program`);
  other.close();
  await server.start();
  await server.stop();
});

test('Postgres starts if the pid in its lock file belongs to another process now', async () => {
  const server = await postgresServer({ folder: join(folder, 'stale') });
  await server.start();
  const lock = join(folder, 'stale/data/postmaster.pid');
  const content = readFileSync(lock, 'utf8');
  await server.kill();
  writeFileSync(lock, content.replace(/^\d+/, String(process.pid)));
  await server.start();
  await server.stop();
});

test('the launcher ends the processes of a killed run, and no others', async () => {
  const runFolder = join(localFolder, 'run');
  mkdirSync(runFolder, { recursive: true });
  const [left, stranger] = ['left', 'stranger'].map(() =>
    spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' }),
  );
  try {
    const dead = { pid: 999_999_999, startedAt: 'never' };
    const record = (pid: number | undefined, startedAt: string | undefined) =>
      writeFileSync(
        join(runFolder, `${pid}.json`),
        JSON.stringify({ name: `test ${pid}`, pid, startedAt, owner: dead }),
      );
    record(left?.pid, findProcess(left?.pid ?? 0)?.startedAt);
    record(stranger?.pid, 'started at another time');
    expect(await endLeftovers()).toContain(`test ${left?.pid}`);
    await waitFor(() => findProcess(left?.pid ?? 0) === undefined, {
      timeoutMs: 5_000,
      what: 'the leftover process to end',
    });
    expect(findProcess(stranger?.pid ?? 0)).toBeDefined();
    expect(existsSync(join(runFolder, `${stranger?.pid}.json`))).toBe(false);
  } finally {
    left?.kill('SIGKILL');
    stranger?.kill('SIGKILL');
  }
});
