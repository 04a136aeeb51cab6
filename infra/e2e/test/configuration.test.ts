import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openTestServers, projectRoot, runCommand, SERVICE_NAMES, type ServiceName, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { healthOf } from './support/environment.js';
import { call } from './support/http.js';

const testServers = openTestServers();
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const store = new Redis({ host: redis.host, port: redis.port });
  await store.config('SET', 'requirepass', 'open sesame');
  store.disconnect();
  env = { ...database, ...redis.env, ...nats.env, REDIS_PASSWORD: 'open sesame' };
});

afterAll(() => testServers.release());

/** The error of a service that does not start. */
async function refusal(name: ServiceName, bad: Record<string, string>): Promise<string> {
  const started = testServers.service({ name, env: { ...env, ...bad } });
  return await started.then(
    () => Promise.reject(new Error(`${name} started all the same`)),
    (error: Error) => error.message,
  );
}

test.each(SERVICE_NAMES)('%s names every bad variable in one message, and exits', async (name) => {
  const bad = { LOG_LEVEL: 'loud', POSTGRES_PORT: 'abc', REDIS_DB: '-1', SHUTDOWN_GRACE_SECONDS: 'soon' };
  const message = await refusal(name, bad);
  expect(message).toMatch(/ended with code [1-9]/);
  for (const variable of Object.keys(bad)) expect(message.split(variable)).toHaveLength(2);
  // One message for all variables.
  expect(message.match(/Bad configuration/g)).toHaveLength(1);
});

test('the error about a bad secret does not contain it', async () => {
  const message = await refusal('ingest', { NATS_URL: 'http://someone:hunter2@nowhere' });
  expect(message).toContain('NATS_URL');
  expect(message).not.toContain('hunter2');
});

/** The texts of a module and of all modules that Node loads with it. */
function loadedWith(file: string, loaded = new Map<string, string>()): Map<string, string> {
  if (loaded.has(file)) return loaded;
  // esbuild breaks long lines, also within strings.
  const text = readFileSync(file, 'utf8').replaceAll('\\\n', '');
  loaded.set(file, text);
  for (const [, path = ''] of text.matchAll(/\b(?:from|import)"(\.\/[^"]+)"/g))
    loadedWith(join(dirname(file), path), loaded);
  return loaded;
}

test.each(SERVICE_NAMES)('%s loads the SDK of OpenTelemetry only when tracing is on', (name) => {
  const texts = [...loadedWith(join(projectRoot, 'services', name, 'bundle', 'main.js')).values()];
  expect(texts.length).toBeGreaterThan(3);
  expect(texts.filter((text) => text.includes('OTEL_BSP_SCHEDULE_DELAY'))).toEqual([]);
  // It is a module of its own, which is imported on first use.
  expect(texts.join('')).toMatch(/import\("\.\/open-telemetry-\w+\.js"\)/);
});

test('ingest does not start without the file of GEOIP_DB', async () => {
  const message = await refusal('ingest', { GEOIP_DB: join(testServers.folder, 'nowhere.mmdb') });
  expect(message).toMatch(/ended with code 78[\s\S]*Bad configuration:\n {2}GEOIP_DB: ENOENT.*nowhere\.mmdb/);
});

test('ingest does not start with a list of addresses that has a wrong line', async () => {
  const path = join(testServers.folder, 'deny.txt');
  writeFileSync(path, '203.0.113.0/24\n203.0.113.0/33\n');
  const message = await refusal('ingest', { IVT_DENY_FILE: path });
  expect(message).toMatch(/ended with code 78[\s\S]*Bad configuration:\n {2}IVT_DENY_FILE: .*deny\.txt: line 2: "203/);
});

test('variables of other programs have no effect, and a misspelled variable is logged', async () => {
  const foreign = {
    PGSSLMODE: 'require',
    PGOPTIONS: '-c nonsense=1',
    PGAPPNAME: 'psql',
    PGPASSWORD: 'wrong',
    PGUSER: 'nobody',
    PGHOST: 'nowhere',
  };
  for (const name of SERVICE_NAMES) {
    const service = await testServers.service({ name, env: { ...env, ...foreign, LOG_LEVLE: 'debug' } });
    await waitFor(async () => (await healthOf(service)).status === 'healthy', {
      timeoutMs: 20_000,
      what: `${name} to reach all its servers`,
    });
    expect(readFileSync(service.logFile, 'utf8')).toContain('"event":"config.variable_unknown","name":"LOG_LEVLE"');
  }
});

test('--check-config starts no service, and exits 0 or 78', async () => {
  const check = (settings: Record<string, string>) =>
    runCommand(process.execPath, ['services/ingest/dist/main.js', '--check-config'], {
      timeoutMs: 60_000,
      env: { PATH: process.env.PATH, ...settings },
      cwd: projectRoot,
    });
  expect(await check({})).toEqual({ code: 0, output: '' });
  expect(await check({ HTTP_PROT: '80' })).toEqual({
    code: 0,
    output: 'unknown variable HTTP_PROT: did you mean HTTP_PORT?\n',
  });
  expect(await check({ HTTP_PORT: 'eighty', REDIS_HOST: 'redis://x' })).toMatchObject({
    code: 78,
    output: expect.stringMatching(/^ {2}HTTP_PORT: [\s\S]*^ {2}REDIS_HOST: /m),
  });
});

test('secrets are also read from files, and KAFKA_BROKER is logged and ignored', async () => {
  const secrets: Record<string, string | undefined> = {};
  for (const name of ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'NATS_URL']) {
    const file = join(testServers.folder, name);
    writeFileSync(file, `${env[name]}\n`);
    secrets[name] = undefined;
    secrets[`${name}_FILE`] = file;
  }
  const ingest = await testServers.service({ name: 'ingest', env: { ...env, ...secrets, KAFKA_BROKER: 'kafka:9092' } });
  await waitFor(async () => (await healthOf(ingest)).status === 'healthy', {
    timeoutMs: 20_000,
    what: 'ingest to reach all its servers with the secrets from the files',
  });
  expect((await call(`http://127.0.0.1:${ingest.port}/api/v1/ads`)).status).toBe(200);
  const lines = readFileSync(ingest.logFile, 'utf8').trim().split('\n');
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'info');
  expect(warnings).toEqual([expect.objectContaining({ level: 'warn', event: 'config.kafka_ignored' })]);
});
