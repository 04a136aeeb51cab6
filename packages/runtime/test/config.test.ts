import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Joi from 'joi';
import { ConfigError, loadConfig, readEnvironment } from '../src/config.js';
import { misspelledVariables } from '../src/misspelled-variables.js';
import { natsOptions } from '../src/nats.js';
import {
  type HttpConfig,
  httpVariables,
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresVariables,
  type RedisConfig,
  redisVariables,
} from '../src/variables.js';

type Config = HttpConfig & PostgresConfig & NatsConfig & RedisConfig;
const variables = { ...httpVariables(8080), ...postgresVariables, ...natsVariables, ...redisVariables };
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

/** Undefined where the check refuses it. */
function accepted(env: Record<string, string>): Config | undefined {
  return problemsOf(env).length === 0 ? load(env) : undefined;
}

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  folders.push(folder);
  writeFileSync(join(folder, name), text);
  return folder;
}

describe('loadConfig', () => {
  it('has a default for everything but secrets', () => {
    expect(load({})).toMatchObject({
      HTTP_HOST: '0.0.0.0',
      HTTP_PORT: 8080,
      TRUST_PROXY: false,
      CORS_ORIGINS: '*',
      POSTGRES_DB: 'ads',
      NATS_URL: ['nats://localhost:4222'],
    });
    expect(load({}).POSTGRES_PASSWORD).toBeUndefined();
  });

  it('is frozen', () => {
    expect(Object.isFrozen(load({}))).toBe(true);
  });

  it('takes an empty variable for unset', () => {
    expect(load({ HTTP_PORT: '', POSTGRES_PASSWORD: '' }).HTTP_PORT).toBe(8080);
  });

  it('names every bad variable in one message', () => {
    const problems = problemsOf({ HTTP_PORT: 'eighty', POSTGRES_POOL_SIZE: '0', TRUST_PROXY: 'x' });
    expect(problems).toEqual([
      'HTTP_PORT: must be a number',
      expect.stringMatching(/^TRUST_PROXY: must be true, false/),
      'POSTGRES_POOL_SIZE: must be greater than or equal to 1',
    ]);
  });

  it('refuses header time beyond request time, defaults included', () => {
    expect(problemsOf({ HTTP_REQUEST_TIMEOUT_MS: '5000', HTTP_HEADERS_TIMEOUT_MS: '6000' })).toEqual([
      expect.stringMatching(/^HTTP_HEADERS_TIMEOUT_MS: /),
    ]);
  });

  it.each([
    ['true', true],
    ['FALSE', false],
    ['2', 2],
    ['loopback, 10.0.0.0/8,fd00::/8', ['loopback', '10.0.0.0/8', 'fd00::/8']],
  ])('reads TRUST_PROXY=%s', (text, value) => {
    expect(load({ TRUST_PROXY: text }).TRUST_PROXY).toEqual(value);
  });

  it.each(['10.0.0.0/33', 'yes', ',', '10.0.0.0/8/8', '-1', '0.0.0.0/0'])('refuses TRUST_PROXY=%s', (text) => {
    expect(problemsOf({ TRUST_PROXY: text })).toHaveLength(1);
  });

  it('takes origins, not addresses of pages', () => {
    expect(load({ CORS_ORIGINS: 'https://a.test,https://b.test:8443' }).CORS_ORIGINS).toEqual([
      'https://a.test',
      'https://b.test:8443',
    ]);
    expect(problemsOf({ CORS_ORIGINS: 'https://a.test/player' })).toHaveLength(1);
  });

  it.each(['https://*.a.test', 'https://a.test,https://*', '*.a.test'])(
    'refuses CORS_ORIGINS=%s: no origin is ever equal to that',
    (text) => {
      expect(problemsOf({ CORS_ORIGINS: text })).toEqual([expect.stringMatching(/^CORS_ORIGINS: .* wildcard$/)]);
    },
  );

  it('takes several NATS servers', () => {
    expect(load({ NATS_URL: 'nats://a:4222, b:4223' }).NATS_URL).toEqual(['nats://a:4222', 'nats://b:4223']);
  });

  it.each([
    ['nats://a%:4222', /^NATS_URL: must be nats:/],
    ['nats://user:100%@a:4222', /write it as %25$/],
    ['nats://user:pa#ss@a:4222', /in a password write # \/ \? @ : % as %23/],
    ['nats://:secret@a:4222', /has a password and no user/],
    ['nats://u:one@a:4222,nats://u:two@b:4222', /must not name different users or passwords/],
    ['nats://a:4222,tls://b:4222', /must not mix nats:\/\/ and tls:\/\//],
    ['nats://a:4222/stream', /must end with the port/],
    ['nats://a:4222?tls=true', /must end with the port/],
  ])('refuses NATS_URL=%s, with a reason and without the password', (text, reason) => {
    const problems = problemsOf({ NATS_URL: text });
    expect(problems).toEqual([expect.stringMatching(reason)]);
    expect(problems[0]).not.toMatch(/secret|one|two|100/);
  });

  it('takes for NATS_URL whatever the client can use, and loses nothing of it', () => {
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

  it.each(['POSTGRES_HOST', 'REDIS_HOST', 'HTTP_HOST'])('wants a host in %s, and no address of a page', (name) => {
    for (const good of ['db', 'db_1.example.com', '10.0.0.7', '::1', 'fe80::1%eth0']) {
      expect(problemsOf({ [name]: good })).toEqual([]);
    }
    for (const bad of ['postgres://db', 'db:5432', '[::1]', 'me@db', 'db/ads', 'a b', '-db', 'x'.repeat(300)]) {
      expect(problemsOf({ [name]: bad })).toEqual([
        expect.stringMatching(`^${name}: must be a host name or an address`),
      ]);
    }
  });

  it('takes the folder of a socket for the host of Postgres alone', () => {
    expect(load({ POSTGRES_HOST: '/run/postgresql' }).POSTGRES_HOST).toBe('/run/postgresql');
    expect(problemsOf({ REDIS_HOST: '/run/redis' })).toHaveLength(1);
  });

  it('takes nodes of a Redis Cluster', () => {
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
    'refuses REDIS_CLUSTER_NODES=%s',
    (text) => {
      expect(problemsOf({ REDIS_CLUSTER_NODES: text })).toEqual([
        'REDIS_CLUSTER_NODES: must be host:port, or several with commas between them',
      ]);
    },
  );

  it('refuses another database of a Redis Cluster: there is only one', () => {
    expect(load({ REDIS_DB: '3' }).REDIS_DB).toBe(3);
    expect(problemsOf({ REDIS_CLUSTER_NODES: 'redis-1:6379', REDIS_DB: '3' })).toEqual([
      'REDIS_DB: must be 0 with REDIS_CLUSTER_NODES: a cluster has no other database',
    ]);
  });

  it('never shows a secret', () => {
    const [problem] = problemsOf({ NATS_URL: 'http://user:hunter2@host' });
    expect(problem).toMatch(/^NATS_URL: must be nats:/);
    const pin = { PIN: Joi.string().pattern(/^\d+$/).meta({ secret: true }) };
    expect(() => loadConfig<{ PIN: string }>({ PIN: 'hunter2' }, pin)).toThrow(/PIN: is not valid \(not shown\)$/);
  });
});

describe('secrets from files', () => {
  it('drops one newline at the end', () => {
    const path = join(folderWith('password', 'se cret\n\n'), 'password');
    expect(load({ POSTGRES_PASSWORD_FILE: path }).POSTGRES_PASSWORD).toBe('se cret\n');
  });

  it('refuses both at once, and a file that is not there', () => {
    expect(problemsOf({ POSTGRES_PASSWORD: 'a', POSTGRES_PASSWORD_FILE: '/b' })).toEqual([
      'POSTGRES_PASSWORD: set either POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, not both',
    ]);
    expect(problemsOf({ NATS_URL_FILE: '/not/there' })).toEqual([
      "NATS_URL: NATS_URL_FILE can't be read: /not/there (ENOENT)",
    ]);
  });

  it('reads none for what is no secret', () => {
    expect(load({ POSTGRES_HOST_FILE: '/not/there' }).POSTGRES_HOST).toBe('localhost');
  });
});

describe('readEnvironment', () => {
  it('puts the process over .env', () => {
    const folder = folderWith('.env', 'PATH=nowhere\nONLY_IN_FILE="yes"\n');
    const env = readEnvironment(folder);
    expect(env.ONLY_IN_FILE).toBe('yes');
    expect(env.PATH).toBe(process.env.PATH);
  });

  it('sees the first line of a .env that begins with a byte order mark', () => {
    expect(readEnvironment(folderWith('.env', '\uFEFFFIRST_LINE=yes\r\nSECOND=too\r\n'))).toMatchObject({
      FIRST_LINE: 'yes',
      SECOND: 'too',
    });
  });

  it('refuses a value that ends at a # without quotes, and does not show it', () => {
    const text = [
      'GOOD="a#b"',
      "ALSO='a#b' # and a comment",
      'NOTED=abc # a comment',
      'EMPTY= # a comment',
      '# COMMENT=a#b',
      'LINES="one',
      'two=x#y"',
      'export CUT=hunter#2',
      'HASH=#hunter2',
    ].join('\n');
    const folder = folderWith('.env', text);
    const file = join(folder, '.env');
    expect(() => readEnvironment(folder)).toThrow(
      'Bad configuration:\n' +
        `  CUT: its value in line 8 of ${file} ends at "#"; put the value into quotes\n` +
        `  HASH: its value in line 9 of ${file} ends at "#"; put the value into quotes`,
    );
    const kept = readEnvironment(folderWith('.env', text.split('\n').slice(0, 7).join('\n')));
    expect(kept).toMatchObject({ GOOD: 'a#b', ALSO: 'a#b', NOTED: 'abc', EMPTY: '', LINES: 'one\ntwo=x#y' });
  });

  it('needs no .env', () => {
    expect(readEnvironment('/not/there').PATH).toBe(process.env.PATH);
  });
});

describe('misspelledVariables', () => {
  const known = Object.keys(variables);

  it.each([
    ['HTTP_PROT', 'HTTP_PORT'],
    ['POSTGRES_PASWORD', 'POSTGRES_PASSWORD'],
    ['NATS_URLS', 'NATS_URL'],
    ['redis_host', 'REDIS_HOST'],
  ])('finds that %s may mean %s', (name, meant) => {
    expect(misspelledVariables({ [name]: 'x', PATH: '/bin', HOME: '/root' }, known)).toEqual([{ name, meant }]);
  });

  it('leaves alone what is known, and what is near a variable that is set', () => {
    expect(misspelledVariables({ NATS_URL_FILE: 'x', HTTP_PORT: '1', HTTP_PROT: '2' }, known)).toEqual([]);
  });
});
