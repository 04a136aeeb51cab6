import { type Certificates, freePort, type LocalProcess, openTestServers, type Variables, waitFor } from '@ads/local';
import { createMetrics, type Logger, loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { openRedis, type RedisConnection } from '../src/redis/redis.js';
import { type RedisConfig, redisVariables } from '../src/redis/redis-variables.js';

const warnings: string[] = [];
const logger: Logger = { error: () => 0, warn: (text) => warnings.push(text), info: () => 0, debug: () => 0 };
const testServers = openTestServers();
afterAll(testServers.release);

let certificates: Certificates;
let server: LocalProcess;
let admin: Redis;
let tlsPort: number;

beforeAll(async () => {
  certificates = await testServers.certificates();
  tlsPort = await freePort();
  const { ca, server: files } = certificates;
  server = await testServers.redis({
    settings: {
      'tls-port': String(tlsPort),
      'tls-ca-cert-file': ca,
      'tls-cert-file': files.cert,
      'tls-key-file': files.key,
      'tls-auth-clients': 'yes',
    },
  });
  admin = new Redis({ host: server.host, port: server.port });
  admin.on('error', () => undefined);
  testServers.onRelease(() => admin.disconnect());
});

function open(env: Variables): RedisConnection {
  const config = loadConfig<RedisConfig>({ REDIS_TIMEOUT_MS: '5000', ...env }, redisVariables);
  const redis = openRedis(config, { service: 'test', metrics: createMetrics('test'), logger });
  testServers.onRelease(redis.close);
  return redis;
}

/** Pings until Redis answers, or until there is a reason why it does not. @returns that reason */
async function outcome(redis: RedisConnection): Promise<string> {
  return await waitFor(
    async () => {
      const isUp = await redis.ping().then(
        () => true,
        () => false,
      );
      const { detail = '' } = redis.health();
      return isUp ? 'up' : detail.includes(': ') && detail;
    },
    { timeoutMs: 10_000, what: 'Redis to answer or to refuse' },
  );
}

describe('a connection to Redis', () => {
  it('uses the URL, verifies the certificate, and presents its own', async () => {
    const tls = {
      REDIS_TLS_CA_FILE: certificates.ca,
      REDIS_TLS_CERT_FILE: certificates.client.cert,
      REDIS_TLS_KEY_FILE: certificates.client.key,
    };
    const parts = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(tlsPort) };
    const cases: [env: Variables, expected: RegExp][] = [
      [{ REDIS_URL: `redis://127.0.0.1:${server.port}/3` }, /^up$/],
      [{ REDIS_URL: `rediss://localhost:${tlsPort}`, ...tls }, /^up$/],
      [{ ...parts, REDIS_SSLMODE: 'verify-ca', ...tls }, /^up$/],
      [{ ...parts, REDIS_SSLMODE: 'verify-full', ...tls }, /altnames/],
      [{ REDIS_URL: `rediss://localhost:${tlsPort}`, ...tls, REDIS_TLS_CA_FILE: '' }, /certificate/],
      [
        { REDIS_URL: `rediss://localhost:${tlsPort}`, REDIS_TLS_CA_FILE: certificates.ca },
        /certificate|closed|lost|ECONNRESET/,
      ],
      [{ REDIS_URL: `redis://nobody:secret@127.0.0.1:${server.port}` }, /WRONGPASS/],
    ];
    const outcomes = await Promise.all(cases.map(([env]) => outcome(open(env))));
    for (const [index, [, expected]] of cases.entries()) expect(outcomes[index]).toMatch(expected);
  });

  it('has a user and a prefix of keys', async () => {
    await admin.call('ACL', 'SETUSER', 'tracker', 'on', '>p@ss', '~tracker:*', '+@all');
    const redis = open({
      REDIS_URL: `redis://tracker:p%40ss@127.0.0.1:${server.port}`,
      REDIS_KEY_PREFIX: 'tracker:',
    });
    expect(await outcome(redis)).toBe('up');
    const [shard] = redis.shards();
    await shard?.run('test', (client) => client.set('{ad-1}:x', '1'));
    await shard?.run('test', (client) => client.eval("return redis.call('INCR', KEYS[1])", 1, '{ad-1}:x'));
    expect(await admin.get('tracker:{ad-1}:x')).toBe('2');
  });

  it('works without INFO, and says that its counters cannot be trusted', async () => {
    await admin.call('ACL', 'SETUSER', 'managed', 'on', '>secret', '~*', '+@all', '-info', '-config');
    const redis = open({ REDIS_URL: `redis://managed:secret@127.0.0.1:${server.port}` });
    expect(await outcome(redis)).toBe('up');
    const [shard] = redis.shards();
    expect([shard?.instanceId(), shard?.unfit()]).toEqual([undefined, expect.stringContaining('refuses INFO')]);
    await shard?.identify();
    expect(await shard?.run('test', (client) => client.set('x', '1'))).toBe('OK');
    expect(redis.health().status).toBe('up');
    expect(warnings.filter((text) => text.includes('refuses INFO'))).toHaveLength(1);
  });

  it('returns after a restart of a server with TLS, as another instance', async () => {
    const redis = open({
      REDIS_URL: `rediss://localhost:${tlsPort}`,
      REDIS_TLS_CA_FILE: certificates.ca,
      REDIS_TLS_CERT_FILE: certificates.client.cert,
      REDIS_TLS_KEY_FILE: certificates.client.key,
    });
    const idOf = () => redis.shards()[0]?.instanceId();
    const first = await waitFor(idOf, { timeoutMs: 10_000, what: 'the instance id' });
    await server.kill();
    await server.start();
    const second = await waitFor(() => idOf() !== first && idOf(), { timeoutMs: 10_000, what: 'another instance id' });
    expect(second).not.toBe(first);
    expect(redis.shards()[0]?.unfit()).toBeUndefined();
  });

  it('follows the primary that a Sentinel names', async () => {
    const [primary, replica] = await Promise.all([testServers.redis(), testServers.redis()]);
    const other = new Redis({ port: replica.port });
    testServers.onRelease(() => other.disconnect());
    await other.replicaof('127.0.0.1', primary.port);
    const sentinel = await testServers.redisSentinel({ primaryPort: primary.port, settings: 'requirepass watch' });
    const redis = open({ ...sentinel.env, REDIS_SENTINEL_PASSWORD: 'watch' });
    const first = await waitFor(() => redis.shards()[0]?.instanceId(), { timeoutMs: 10_000, what: 'the primary' });
    const watcher = new Redis({ port: sentinel.port, password: 'watch' });
    testServers.onRelease(() => watcher.disconnect());
    // The Sentinel refuses until it knows a good replica.
    await waitFor(() => watcher.call('SENTINEL', 'FAILOVER', 'mymaster'), { timeoutMs: 20_000, what: 'a failover' });
    const second = await waitFor(
      () => {
        const id = redis.shards()[0]?.instanceId();
        return id !== undefined && id !== first && id;
      },
      { timeoutMs: 20_000, what: 'the new primary' },
    );
    expect(second).toContain(/run_id:(\w+)/.exec(await other.info('server'))?.[1]);
    expect(await redis.shards()[0]?.run('test', (client) => client.set('x', '1'))).toBe('OK');
  });
});
