import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openTestServers } from '@ads/local';
import { afterAll, expect, test } from '@jest/globals';

const program = new URL('../bundle/migrate.js', import.meta.url).pathname;
const testServers = openTestServers();
afterAll(testServers.release);

test('the migration runs the given SQL files in order, each as one transaction', async () => {
  const env = { ...process.env, ...(await testServers.database()) };
  const folder = await mkdtemp(join(tmpdir(), 'migrate-'));
  testServers.onRelease(() => rm(folder, { recursive: true }));
  const [first, second, broken] = ['first', 'second', 'broken'].map((name) => join(folder, `${name}.sql`)) as [
    string,
    string,
    string,
  ];
  await writeFile(first, 'CREATE TABLE things (id integer); INSERT INTO things VALUES (1)');
  await writeFile(second, 'DROP TABLE things');
  await writeFile(broken, 'CREATE TABLE others (); SELECT 1 / 0');
  const migrate = (...files: string[]) => promisify(execFile)(process.execPath, [program, ...files], { env });
  const { stdout } = await migrate(first, '', second);
  expect(stdout).toBe(`The schema is up to date.\nRun: ${first}\nRun: ${second}\n`);
  await expect(migrate(broken)).rejects.toThrow('division by zero');
  // Without a transaction the table would exist already.
  await writeFile(broken, 'CREATE TABLE others ()');
  await migrate(broken);
});
