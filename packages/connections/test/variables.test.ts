import { ConfigError, loadConfig } from '@ads/runtime';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HOSTS, NO_HOSTS } from '../../runtime/test/host-cases.js';
import { natsOptions } from '../src/nats/connect-nats.js';
import { type NatsConfig, natsVariables } from '../src/nats/nats-variables.js';
import { postgresConnection } from '../src/postgres/postgres-connection.js';
import { type PostgresConfig, postgresVariables } from '../src/postgres/postgres-variables.js';
import { type RedisConfig, redisVariables } from '../src/redis/redis-variables.js';

type Config = PostgresConfig & NatsConfig & RedisConfig;
const variables = { ...postgresVariables, ...natsVariables, ...redisVariables };
const load = (env: Record<string, string>): Config => loadConfig<Config>(env, variables);

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** The configuration; undefined if the check refuses it. */
function accepted(env: Record<string, string>): Config | undefined {
  return problemsOf(env).length === 0 ? load(env) : undefined;
}

describe('connection variables', () => {
  it('have defaults, except secrets', () => {
    expect(load({})).toMatchObject({ POSTGRES_DB: 'ads', NATS_URL: ['nats://localhost:4222'] });
    expect(load({}).POSTGRES_PASSWORD).toBeUndefined();
  });

  it.each(['POSTGRES_HOST', 'REDIS_HOST'])('%s must be a host, not a URL', (name) => {
    for (const good of HOSTS) {
      expect(problemsOf({ [name]: good })).toEqual([]);
    }
    for (const bad of NO_HOSTS) {
      expect(problemsOf({ [name]: bad })).toEqual([
        expect.stringMatching(`^${name}: must be a host name or an address`),
      ]);
    }
  });

  it.each([
    ['mysql://u:hunter2@h/d', /^DATABASE_URL: must be postgres:/],
    ['postgres://u:hunter2#x@h/d', /in a password write #/],
    ['postgres://u:hunter2@a,b/d', /must name one host/],
    [
      'postgres://u:hunter2@h/d?sslmode=prefer',
      /unknown sslmode: must be disable, require, verify-ca, verify-full; allow/,
    ],
    ['postgres://u:hunter2@h/d?sslrootcert=/ca.pem', /parameter sslrootcert: set POSTGRES_TLS_CA_FILE instead$/],
    ['postgres://u:hunter2@h/d?sslmode=require&pgbouncer=true', /parameter pgbouncer: only sslmode and host/],
    ['postgres://u:hunter2%@h/d', /write it as %25$/],
  ])('refuse DATABASE_URL=%s with a reason that does not contain the password', (text, reason) => {
    const problems = problemsOf({ DATABASE_URL: text });
    expect(problems).toEqual([expect.stringMatching(reason)]);
    expect(problems[0]).not.toContain('hunter2');
  });

  it('refuse a variable that contradicts DATABASE_URL, and accept one that repeats or completes it', () => {
    const DATABASE_URL = 'postgres://ads:hunter2@db:6432/tracker?sslmode=require';
    const parts = { POSTGRES_HOST: 'db', POSTGRES_PORT: '6432', POSTGRES_USER: 'ads', POSTGRES_PASSWORD: 'hunter2' };
    expect(problemsOf({ DATABASE_URL, ...parts, POSTGRES_DB: 'tracker', POSTGRES_SSLMODE: 'require' })).toEqual([]);
    const others = {
      ...{ POSTGRES_HOST: 'other', POSTGRES_PORT: '1', POSTGRES_USER: 'u', POSTGRES_PASSWORD: 'x', POSTGRES_DB: 'd' },
      POSTGRES_SSLMODE: 'verify-full',
    };
    expect(problemsOf({ DATABASE_URL, ...others })).toEqual(
      Object.keys(others).map(
        (name) => `${name}: contradicts DATABASE_URL, which names another value: set only one of them`,
      ),
    );
    const socket = { DATABASE_URL: 'postgres://u:p@localhost/d?host=/run/postgresql&sslmode=require' };
    expect(postgresConnection(load(socket))).toMatchObject({ host: '/run/postgresql', database: 'd', ssl: false });
    expect(postgresConnection(load({ DATABASE_URL: 'postgres://u@[fd00::1]/' }))).toMatchObject({
      ...{ host: 'fd00::1', port: 5432, user: 'u', database: 'ads', password: undefined },
    });
  });

  it('accept a name for the schema that needs no quotes', () => {
    expect(postgresConnection(load({ POSTGRES_SCHEMA: 'tracker' })).options).toContain('-c search_path=tracker');
    for (const bad of ['Tracker', '1', 'a b', 'a;', 'reports', 'x'.repeat(64)]) {
      expect(problemsOf({ POSTGRES_SCHEMA: bad })).toEqual([expect.stringMatching(/^POSTGRES_SCHEMA: must/)]);
    }
  });

  it('accept several NATS servers', () => {
    expect(load({ NATS_URL: 'nats://a:4222, b:4223' }).NATS_URL).toEqual(['nats://a:4222', 'nats://b:4223']);
  });

  it.each([
    ['nats://a%:4222', /^NATS_URL: must be nats:/],
    ['nats://user:100%@a:4222', /write it as %25$/],
    ['nats://user:pa#ss@a:4222', /in a password write # \/ \? @ : % as %23/],
    ['nats://:secret@a:4222', /has a password but no user/],
    ['nats://u:one@a:4222,nats://u:two@b:4222', /must not name different users or passwords/],
    ['nats://a:4222,tls://b:4222', /must not mix nats:\/\/ and tls:\/\//],
    ['nats://a:4222/stream', /must end with the port/],
    ['nats://a:4222?tls=true', /must end with the port/],
  ])('refuse NATS_URL=%s with a reason that does not contain the password', (text, reason) => {
    const problems = problemsOf({ NATS_URL: text });
    expect(problems).toEqual([expect.stringMatching(reason)]);
    expect(problems[0]).not.toMatch(/secret|one|two|100/);
  });

  it('accept every NATS_URL that the client supports, and pass all of it to the client', () => {
    const written = fc.string({ unit: 'grapheme', minLength: 1 });
    const address = fc.tuple(written, written, fc.domain(), fc.integer({ min: 1, max: 65_535 }));
    fc.assert(
      fc.property(address, ([user, pass, host, port]) => {
        const url = `nats://${encodeURIComponent(user)}:${encodeURIComponent(pass)}@${host}:${port}`;
        expect(natsOptions(load({ NATS_URL: url }), 'test')).toMatchObject({
          servers: [`${host}:${port}`],
          user,
          pass,
        });
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (rest) => {
        const config = accepted({ NATS_URL: `nats://${rest}` });
        if (config !== undefined) natsOptions(config, 'test');
      }),
    );
  });

  it('accept the folder of a socket as host for Postgres, and for nothing else', () => {
    expect(load({ POSTGRES_HOST: '/run/postgresql' }).POSTGRES_HOST).toBe('/run/postgresql');
    expect(problemsOf({ REDIS_HOST: '/run/redis' })).toHaveLength(1);
  });

  it('accept the nodes of a Redis Cluster', () => {
    expect(load({}).REDIS_CLUSTER_NODES).toBeUndefined();
    expect(load({ REDIS_CLUSTER_NODES: 'redis-1:6379, [fd00::1]:7000,10.0.0.3:80', REDIS_DB: '0' })).toMatchObject({
      REDIS_CLUSTER_NODES: [
        { host: 'redis-1', port: 6379 },
        { host: 'fd00::1', port: 7000 },
        { host: '10.0.0.3', port: 80 },
      ],
    });
  });

  it.each(['redis-1', ',', 'redis://redis-1:6379', 'user@redis-1:6379', 'redis-1:6379/0', 'a:6379,b', 'a:99999'])(
    'refuse REDIS_CLUSTER_NODES=%s',
    (text) => {
      expect(problemsOf({ REDIS_CLUSTER_NODES: text })).toEqual([
        'REDIS_CLUSTER_NODES: must be host:port, or several with commas between them',
      ]);
    },
  );

  it('refuse a database number with a Redis Cluster, which has only one database', () => {
    expect(load({ REDIS_DB: '3' }).REDIS_DB).toBe(3);
    expect(problemsOf({ REDIS_CLUSTER_NODES: 'redis-1:6379', REDIS_DB: '3' })).toEqual([
      'REDIS_DB: must be 0 with REDIS_CLUSTER_NODES: a cluster has no other database',
    ]);
  });

  it('do not show a secret in an error', () => {
    const [problem] = problemsOf({ NATS_URL: 'http://user:hunter2@host' });
    expect(problem).toMatch(/^NATS_URL: must be nats:/);
  });
});
