import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestServers, projectRoot, runCommand, type TestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import openapiTypes, { astToString } from 'openapi-typescript';
import { readDocument } from './support/client.js';
import { ADMIN_KEY, type ContractStack, openContractStack } from './support/contract-stack.js';

const TYPES = join(projectRoot, '.cache', 'typed-client');
const CLIENT = join(projectRoot, 'infra', 'e2e', 'typed-client');
const COMPILER = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
const COMPILER_TIMEOUT_MS = 120_000;

let testServers: TestServers;
let contract: ContractStack;

beforeAll(async () => {
  testServers = openTestServers();
  contract = await openContractStack(testServers);
});

afterAll(() => testServers.release());

test('a client with types from the OpenAPI document compiles, and does the work of a media team', async () => {
  const document = (await readDocument(contract.stack.url)) as Parameters<typeof openapiTypes>[0];
  mkdirSync(TYPES, { recursive: true });
  writeFileSync(join(TYPES, 'api.ts'), astToString(await openapiTypes(document)));
  const compiled = await runCommand(process.execPath, [COMPILER, '-p', CLIENT], { timeoutMs: COMPILER_TIMEOUT_MS });
  expect(compiled).toMatchObject({ code: 0, output: '' });

  // A path in a variable, because its types exist only from here on.
  const path: string = '../typed-client/walk.js';
  const { walk } = await import(path);
  expect(await walk(contract.stack.url, ADMIN_KEY)).toEqual({
    created: 2,
    accepted: 2,
    vast: '4.2',
    link: 302,
    clicks: 3,
    status: 'archived',
  });
});

/** The blocks of commands of the tutorial. */
function tutorial(): string[] {
  const page = readFileSync(join(projectRoot, 'services', 'ingest', 'README.md'), 'utf8');
  const [, section = ''] = /^## Tutorial: (.*?)^## /ms.exec(page) ?? [];
  return Array.from(section.matchAll(/^```sh\n(.*?)^```$/gms), ([, commands = '']) => commands);
}

test('the commands of the tutorial do what it says', async () => {
  const { url } = contract.stack;
  // `npm start` would write the files in `.local`, and another run may use its port.
  const command = `node ${join(projectRoot, 'services', 'ingest', 'bundle', 'ads-main.js')}`;
  const env = { ...process.env, ADMIN_API_KEY: ADMIN_KEY, FOLDER: testServers.folder, URL: url };
  writeFileSync(join(testServers.folder, 'admin-api-key'), ADMIN_KEY);
  const run = async (commands: string) => {
    const here = commands
      .replaceAll('http://localhost:8080', '$URL')
      .replaceAll(/'(\$URL[^']*)'/g, '"$1"')
      .replaceAll('.local/', '$FOLDER/')
      .replaceAll(/npm run ads -- (.*)/g, `${command} $1 --url $URL`);
    const { code, output } = await runCommand('bash', ['-ec', here], { timeoutMs: 60_000, cwd: projectRoot, env });
    expect({ commands, output, code }).toMatchObject({ code: 0 });
    return output;
  };
  const [register = '', tags = '', play = '', follow = '', report = '', archive = '', empty = '', ...more] = tutorial();
  expect(more).toEqual([]);
  expect(await run(register)).toMatch(/"created","id":"spring-20s".*"created","id":"spring-6s"/s);
  expect(await run(tags)).toContain(`"vast_url":"${url}/vast/spring-20s?placement=home"`);
  const played = await run(play);
  for (const kind of ['impression', 'start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete']) {
    expect(played).toContain(`200 200 ${url}/t/${kind}\n`);
  }
  expect(played).toMatch(/302 302 .*\nThe click leads to https:\/\/shop\.example\.com\/sale\?click=[0-9a-f-]{36}\n/);
  expect(await run(follow)).toMatch(/^location: https:\/\/shop\.example\.com\/new\?from=newsletter\r$/m);
  const rows = /spring-20s,1,1,1,1,false\r\n.*,spring-6s,0,0,0,1,false\r\n/;
  await waitFor(async () => rows.test(await run(report)), { timeoutMs: 10_000, what: 'the report to have all events' });
  expect(await run(archive)).toContain('"status":"archived"');
  const isEmpty = async () => /^<VAST [^>]*>\n<Error>/m.test(await run(empty));
  await waitFor(isEmpty, { timeoutMs: 10_000, what: 'the VAST of the archived ad to be empty' });
});
