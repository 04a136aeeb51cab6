import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openTestServers, projectRoot } from '@ads/local';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openRows } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, ['services/consumer/bundle/recount-main.js', ...args], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, ...env },
  });

describe('npm run recount', () => {
  it('prints its usage, and refuses unknown arguments', async () => {
    expect((await run(['--help'])).stdout).toMatch(/^Usage: npm run recount/);
    await expect(run(['now'])).rejects.toMatchObject({
      code: 2,
      stderr: 'recount takes no arguments: now. Try --help.\n',
    });
  });

  it('corrects the rollups, and prints the number of corrections', async () => {
    const env = await testServers.database();
    const rows = openRows(testServers, env);
    await rows("INSERT INTO ad_totals VALUES ('ad-001', 1234, 0)");
    const { stdout } = await run([], { ...env });
    expect(stdout).toContain(
      'Events counted: 0\nRows corrected: 1 totals, 0 minutes, 0 seconds, 0 quarter-hours, 0 labels, 0 play-seconds\n',
    );
    expect(await rows('SELECT clicks FROM ad_totals')).toEqual([{ clicks: '0' }]);
  });

  it('prints the error of Postgres when Postgres is unavailable', async () => {
    const env = { ...(await testServers.database()), POSTGRES_PORT: '1' };
    await expect(run([], env)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('Postgres: ') });
  });
});
