import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestServers, projectRoot, runCommand, type TestServers } from '@ads/local';
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
    clicks: 2,
    status: 'archived',
  });
});
