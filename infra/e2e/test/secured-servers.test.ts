import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  freePort,
  type LocalProcess,
  migrate,
  openPool,
  openTestServers,
  projectRoot,
  SAMPLE_ADS,
  type TestStack,
  waitFor,
} from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { call, json } from './support/http.js';
import { makeNatsOperator } from './support/nats-operator.js';

/*
 * The whole tracker with servers as managed services offer them: TLS with client certificates, a role without superuser and a
 * schema of its own in Postgres, a user with few rights and a prefix of keys in Redis, a .creds file for NATS.
 */

const testServers = openTestServers();
afterAll(testServers.release);

interface Counted {
  readonly total_clicks?: number;
  readonly source?: string;
}

const SECRETS = ['p0stgres-secret', 'r3dis-secret'];
let servers: readonly LocalProcess[];
let stack: TestStack;
let redisAdmin: Redis;

/** The ACL that packages/connections/README.md recommends. */
function documentedAcl(): string {
  const readme = readFileSync(join(projectRoot, 'packages', 'connections', 'README.md'), 'utf8');
  const [, rule = ''] = /^ACL SETUSER (tracker .*)$/m.exec(readme) ?? [];
  return rule.replace('>password', `>${SECRETS[1]}`);
}

beforeAll(async () => {
  const { ca, server: files, client } = await testServers.certificates();
  const { settings, creds } = makeNatsOperator();
  const tlsPort = String(await freePort());
  const aclFile = join(dirname(ca), 'users.acl');
  writeFileSync(aclFile, `user ${documentedAcl()}\n`);
  const [postgres, redis, nats] = await Promise.all([
    testServers.postgres({
      settings: { ssl: 'on', ssl_ca_file: ca, ssl_cert_file: files.cert, ssl_key_file: files.key },
    }),
    testServers.redis({
      settings: {
        ...{ 'tls-port': tlsPort, 'tls-ca-cert-file': ca, 'tls-cert-file': files.cert, 'tls-key-file': files.key },
        aclfile: aclFile,
      },
    }),
    testServers.nats({
      settings: `tls { ca_file: "${ca}", cert_file: "${files.cert}", key_file: "${files.key}", verify: true, timeout: 30 }
${settings}`,
    }),
  ]);
  servers = [postgres, redis, nats];
  const admin = openPool(postgres.env);
  await admin.query(`CREATE ROLE owner LOGIN PASSWORD '${SECRETS[0]}'`);
  await admin.query('CREATE DATABASE shared OWNER owner');
  const { rows } = await admin.query('SHOW hba_file');
  const rules = ['hostssl shared owner all scram-sha-256 clientcert=verify-ca', 'host all ads all scram-sha-256'];
  await admin.query(
    `COPY (SELECT unnest('{${rules.join(',')}}'::text[])) TO '${rows[0].hba_file}'; SELECT pg_reload_conf()`,
  );
  await admin.end();
  redisAdmin = new Redis({ port: redis.port });
  redisAdmin.on('error', () => undefined);
  testServers.onRelease(() => redisAdmin.disconnect());

  const credsFile = join(testServers.folder, 'user.creds');
  writeFileSync(credsFile, creds);
  const tls = (prefix: string) => ({
    [`${prefix}_TLS_CA_FILE`]: ca,
    [`${prefix}_TLS_CERT_FILE`]: client.cert,
    [`${prefix}_TLS_KEY_FILE`]: client.key,
  });
  const env = {
    ...{ DATABASE_URL: `postgres://owner@localhost:${postgres.port}/shared?sslmode=verify-full` },
    ...{ POSTGRES_PASSWORD: SECRETS[0], POSTGRES_SCHEMA: 'tracker', ...tls('POSTGRES') },
    ...{
      REDIS_URL: `rediss://tracker:${SECRETS[1]}@localhost:${tlsPort}/2`,
      REDIS_KEY_PREFIX: 'tracker:',
      ...tls('REDIS'),
    },
    ...{ NATS_URL: `tls://localhost:${nats.port}`, NATS_CREDS_FILE: credsFile, ...tls('NATS') },
  };
  await migrate(env, SAMPLE_ADS);
  stack = await testServers.stack(env);
});

async function click(times: number): Promise<void> {
  for (let index = 0; index < times; index += 1) {
    const send = () => call(`${stack.url}/api/v1/ads/click`, { method: 'POST', body: { ad_id: 'ad-001' } });
    await waitFor(async () => (await send()).status === 202, { timeoutMs: 30_000, what: 'a click to be accepted' });
  }
}

async function untilCounted(clicks: number, source: string): Promise<void> {
  await waitFor(
    async () => {
      const answer = json<Counted>(await call(`${stack.url}/api/v1/ads/analytics?ad_id=ad-001`));
      return answer.total_clicks === clicks && answer.source === source;
    },
    { timeoutMs: 60_000, what: `${clicks} clicks from ${source}` },
  );
}

const logs = () => [stack.ingest, stack.consumer, stack.analytics].map(({ logFile }) => readFileSync(logFile, 'utf8'));

test('clicks are counted exactly, before and after all servers restart', async () => {
  await click(3);
  await untilCounted(3, 'redis');
  await redisAdmin.select(2);
  const keys = await redisAdmin.keys('*');
  expect(keys.length).toBeGreaterThan(0);
  expect(keys.filter((key) => !key.startsWith('tracker:'))).toEqual([]);
  await Promise.all(servers.map((server) => server.kill()));
  await Promise.all(servers.map((server) => server.start()));
  await click(3);
  await untilCounted(6, 'redis');
});

test('a Redis without INFO is named in the log, and Postgres answers', async () => {
  await redisAdmin.call('ACL', 'SETUSER', 'tracker', '-info');
  await redisAdmin.call('CLIENT', 'KILL', 'USER', 'tracker');
  await waitFor(() => logs().every((text) => text.includes('"event":"redis.unfit"')), {
    timeoutMs: 30_000,
    what: 'the services to name what they cannot check',
  });
  await click(1);
  await untilCounted(7, 'postgres');
});

test('no secret is in a log', () => {
  const texts = logs().join('\n');
  expect([...SECRETS, 'SEED', 'PRIVATE KEY'].filter((secret) => texts.includes(secret))).toEqual([]);
});
