import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import Joi from 'joi';
import { ConfigError, loadConfig, placeholdersIn, readEnvironment, type Variables } from '../src/config/config.js';
import { misspelledVariables } from '../src/config/misspelled-variables.js';
import {
  eventAgeVariables,
  eventRetentionVariables,
  minuteRetentionVariables,
} from '../src/config/retention-variables.js';
import { secret } from '../src/config/schemas.js';
import { type HttpConfig, httpVariables, type LogConfig, logVariables } from '../src/config/variables.js';
import { HOSTS, NO_HOSTS } from './host-cases.js';

interface Config extends HttpConfig, LogConfig {
  readonly POSTGRES_HOST: string;
  readonly POSTGRES_POOL_SIZE: number;
  readonly POSTGRES_PASSWORD?: string;
}

const variables: Variables<Config> = {
  ...logVariables,
  ...httpVariables(8080),
  POSTGRES_HOST: Joi.string().default('localhost'),
  POSTGRES_POOL_SIZE: Joi.number().min(1),
  POSTGRES_PASSWORD: Joi.string().meta({ secret: true }),
};
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
  it('refuses a public placeholder as a secret, also within a URL, unless it is allowed', () => {
    const secrets = { URL: secret };
    const URL = 'nats://ads:placeholder-of-nats@nats:4222';
    expect(() => loadConfig({ URL }, secrets)).toThrow(/URL: is a public placeholder; set a password of your own/);
    expect(() => loadConfig({ URL, PLACEHOLDER_PASSWORDS: 'refuse' }, secrets)).toThrow(ConfigError);
    const allowed = loadConfig<{ URL: string }>({ URL, PLACEHOLDER_PASSWORDS: 'allow' }, secrets);
    expect(allowed).toEqual({ URL });
    expect(placeholdersIn(allowed, secrets)).toEqual(['URL']);
    expect(placeholdersIn({ URL: 'nats://ads:own@nats:4222' }, secrets)).toEqual([]);
  });

  it('has a default for everything except secrets', () => {
    expect(load({})).toMatchObject({
      HTTP_HOST: '0.0.0.0',
      HTTP_PORT: 8080,
      TRUST_PROXY: false,
      CORS_ORIGINS: '*',
    });
    expect(load({}).POSTGRES_PASSWORD).toBeUndefined();
  });

  it('is frozen', () => {
    expect(Object.isFrozen(load({}))).toBe(true);
  });

  it('treats an empty variable as unset', () => {
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

  it('refuses a header timeout above the request timeout, even if one of them is the default', () => {
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

  it('refuses TRUST_PROXY=true in production: each client would choose its address', () => {
    expect(problemsOf({ TRUST_PROXY: ' True', NODE_ENV: 'production' })).toEqual([
      expect.stringMatching(/^TRUST_PROXY: true lets each client choose its address/),
    ]);
    expect(load({ TRUST_PROXY: '1', NODE_ENV: 'production' }).TRUST_PROXY).toBe(1);
    expect(load({ TRUST_PROXY: 'true', NODE_ENV: 'development' }).TRUST_PROXY).toBe(true);
  });

  it.each([
    tmpdir(),
    'logs/',
    '.',
    'logs/..',
    'ads-%DATE%.log',
    'logs/%DATE%/ads.log',
    'ads:1.log',
    'logs<1>/ads.log',
    'ads\n.log',
    'logs(/ads.log',
  ])('refuses LOG_FILE=%j', (path) => {
    expect(problemsOf({ LOG_FILE: path })).toEqual([expect.stringMatching(/^LOG_FILE: must (name|not contain) /)]);
  });

  it.each(['ads', 'logs/../ads.log', 'no such folder (1)/ads.log', '/dev/null/ads.log'])(
    'accepts LOG_FILE=%s',
    (path) => {
      expect(load({ LOG_FILE: path }).LOG_FILE).toBe(path);
    },
  );

  it('accepts origins, and refuses URLs with a path', () => {
    expect(load({ CORS_ORIGINS: 'https://a.test,https://b.test:8443' }).CORS_ORIGINS).toEqual([
      'https://a.test',
      'https://b.test:8443',
    ]);
    expect(problemsOf({ CORS_ORIGINS: 'https://a.test/player' })).toHaveLength(1);
  });

  it.each(['https://*.a.test', 'https://a.test,https://*', '*.a.test'])(
    'refuses CORS_ORIGINS=%s, which no origin can equal',
    (text) => {
      expect(problemsOf({ CORS_ORIGINS: text })).toEqual([expect.stringMatching(/^CORS_ORIGINS: .* wildcard$/)]);
    },
  );

  it.each(['HTTP_HOST'])('requires a host in %s, not a URL', (name) => {
    for (const good of HOSTS) {
      expect(problemsOf({ [name]: good })).toEqual([]);
    }
    for (const bad of NO_HOSTS) {
      expect(problemsOf({ [name]: bad })).toEqual([
        expect.stringMatching(`^${name}: must be a host name or an address`),
      ]);
    }
  });

  it('never shows a secret', () => {
    const pin = { PIN: Joi.string().pattern(/^\d+$/).meta({ secret: true }) };
    expect(() => loadConfig<{ PIN: string }>({ PIN: 'hunter2' }, pin)).toThrow(/PIN: is not valid \(not shown\)$/);
  });
});

describe('secrets from files', () => {
  it('are read without one newline at the end', () => {
    const path = join(folderWith('password', 'se cret\n\n'), 'password');
    expect(load({ POSTGRES_PASSWORD_FILE: path }).POSTGRES_PASSWORD).toBe('se cret\n');
  });

  it('are refused together with the variable itself, and if the file does not exist', () => {
    expect(problemsOf({ POSTGRES_PASSWORD: 'a', POSTGRES_PASSWORD_FILE: '/b' })).toEqual([
      'POSTGRES_PASSWORD: set either POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, not both',
    ]);
    expect(problemsOf({ POSTGRES_PASSWORD_FILE: '/not/there' })).toEqual([
      'POSTGRES_PASSWORD: POSTGRES_PASSWORD_FILE cannot be read: /not/there (ENOENT)',
    ]);
  });

  it('are not read for other variables', () => {
    expect(load({ POSTGRES_HOST_FILE: '/not/there' }).POSTGRES_HOST).toBe('localhost');
  });
});

describe('readEnvironment', () => {
  it('prefers the environment of the process to .env', () => {
    const folder = folderWith('.env', 'PATH=nowhere\nONLY_IN_FILE="yes"\n');
    const env = readEnvironment(folder);
    expect(env.ONLY_IN_FILE).toBe('yes');
    expect(env.PATH).toBe(process.env.PATH);
  });

  it('reads the first line of a .env file with a byte order mark', () => {
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

  it('does not need a .env file', () => {
    expect(readEnvironment('/not/there').PATH).toBe(process.env.PATH);
  });
});

describe('misspelledVariables', () => {
  const known = ['HTTP_PORT', 'POSTGRES_PASSWORD', 'NATS_URL', 'REDIS_HOST', 'REDIS_PORT'];

  it.each([
    ['HTTP_PROT', 'HTTP_PORT'],
    ['POSTGRES_PASWORD', 'POSTGRES_PASSWORD'],
    ['NATS_URLS', 'NATS_URL'],
    ['redis_host', 'REDIS_HOST'],
  ])('reports %s as a misspelling of %s', (name, meant) => {
    expect(misspelledVariables({ [name]: 'x', PATH: '/bin', HOME: '/root' }, known)).toEqual([{ name, meant }]);
  });

  it('ignores known variables, and those similar to a variable that is set', () => {
    expect(misspelledVariables({ NATS_URL_FILE: 'x', HTTP_PORT: '1', HTTP_PROT: '2' }, known)).toEqual([]);
  });
});

it.each([49, 745])('MINUTE_RETENTION_HOURS=%i is refused', (hours) => {
  expect(() => loadConfig({ MINUTE_RETENTION_HOURS: String(hours) }, minuteRetentionVariables)).toThrow(
    'MINUTE_RETENTION_HOURS: must be',
  );
});

describe('the limits of age and retention', () => {
  const limits = { ...eventAgeVariables, ...eventRetentionVariables };

  it('are unset by default, and an age up to the retention is accepted', () => {
    expect(loadConfig({ MAX_EVENT_AGE_DAYS: '', EVENT_RETENTION_DAYS: '' }, limits)).toEqual({});
    const equal = { MAX_EVENT_AGE_DAYS: 30, EVENT_RETENTION_DAYS: 30 };
    expect(loadConfig({ MAX_EVENT_AGE_DAYS: '30', EVENT_RETENTION_DAYS: '30' }, limits)).toEqual(equal);
    expect(loadConfig({ MAX_EVENT_AGE_DAYS: '31' }, limits)).toEqual({ MAX_EVENT_AGE_DAYS: 31 });
  });

  it.each([
    [
      { MAX_EVENT_AGE_DAYS: '31', EVENT_RETENTION_DAYS: '30' },
      'MAX_EVENT_AGE_DAYS: must be at most EVENT_RETENTION_DAYS',
    ],
    [{ EVENT_RETENTION_DAYS: '0' }, 'EVENT_RETENTION_DAYS: must be greater than or equal to 1'],
    [{ MAX_EVENT_AGE_DAYS: '1.5' }, 'MAX_EVENT_AGE_DAYS: must be an integer'],
  ])('are refused as %j', (env, problem) => {
    expect(() => loadConfig(env, limits)).toThrow(problem);
  });
});
