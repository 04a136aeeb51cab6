import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificates, type LocalProcess, openTestServers, type Variables, waitFor } from '@ads/local';
import { createMetrics, installLookUp, type Logger, loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nkeys } from 'nats';
import { type Nats, openNats } from '../src/nats/nats.js';
import { type NatsConfig, natsVariables } from '../src/nats/nats-variables.js';
import { ensureStream } from '../src/nats/streams.js';

const quiet: Logger = { error: () => 0, warn: () => 0, info: () => 0, debug: () => 0 };
const testServers = openTestServers();
// The client would ask DNS for localhost.
const restoreLookUp = installLookUp(quiet);
afterAll(async () => {
  await testServers.release();
  restoreLookUp();
});

const user = nkeys.createUser();
const seed = new TextDecoder().decode(user.getSeed());
let certificates: Certificates;
let server: LocalProcess;
/** A server without TLS, whose users may do different things. */
let plain: LocalProcess;

beforeAll(async () => {
  certificates = await testServers.certificates();
  const { ca, server: files } = certificates;
  [server, plain] = await Promise.all([
    testServers.nats({
      settings: `tls { ca_file: "${ca}", cert_file: "${files.cert}", key_file: "${files.key}", verify: true, timeout: 30 }
authorization { token: "t0ken", timeout: 30 }`,
    }),
    testServers.nats({
      jetstream: { domain: 'hub' },
      // On a busy machine a signature takes more than the usual 2 s.
      settings: `authorization { timeout: 30 }
accounts {
  full { jetstream: enabled, users: [{ user: u, password: "p@ss" }, { nkey: ${user.getPublicKey()} }] }
  small { jetstream: { max_disk: 1MB, max_streams: 1 }, users: [{ user: small, password: x }] }
  none { users: [{ user: none, password: x }] }
}`,
    }),
  ]);
});

const STREAM = { name: 'THINGS', subjects: ['things'], max_bytes: 1_048_576 };

function open(env: Variables, setUp: Parameters<typeof openNats>[1]['setUp'] = async () => undefined): Nats {
  const config = loadConfig<NatsConfig>({ NATS_TIMEOUT_MS: '20000', ...env }, natsVariables);
  const nats = openNats(config, { service: 'test', metrics: createMetrics('test'), logger: quiet, setUp });
  testServers.onRelease(nats.close);
  return nats;
}

/** Waits until NATS answers, or until there is a reason why it does not. @returns that reason */
async function outcome(nats: Nats): Promise<string> {
  return await waitFor(
    async () => {
      const isUp = await nats.ping().then(
        () => true,
        () => false,
      );
      const { detail = '' } = nats.health();
      return isUp ? 'up' : detail !== 'no connection to nats' && detail;
    },
    { timeoutMs: 40_000, what: 'NATS to answer or to refuse' },
  );
}

/** Opens a connection, and closes it when its outcome is known. */
async function outcomeOf(env: Variables, setUp?: Parameters<typeof openNats>[1]['setUp']): Promise<string> {
  const nats = open(env, setUp);
  return await outcome(nats).finally(nats.close);
}

async function expectAll(cases: readonly [env: Variables, expected: RegExp][]): Promise<void> {
  const outcomes = await Promise.all(cases.map(([env]) => outcomeOf(env)));
  for (const [index, [, expected]] of cases.entries()) expect(`${index}: ${outcomes[index]}`).toMatch(expected);
}

const tls = (): Variables => ({
  NATS_TLS_CA_FILE: certificates.ca,
  NATS_TLS_CERT_FILE: certificates.client.cert,
  NATS_TLS_KEY_FILE: certificates.client.key,
});

describe('a connection to NATS', () => {
  it('verifies the certificate, presents its own, and uses a token', async () => {
    const url = `tls://localhost:${server.port}`;
    const byAddress = `nats://127.0.0.1:${server.port}`;
    const files = { ...tls(), NATS_TOKEN: 't0ken' };
    await expectAll([
      [{ NATS_URL: `tls://t0ken@localhost:${server.port}`, ...tls() }, /: up$/],
      [{ NATS_URL: `localhost:${server.port}`, NATS_SSLMODE: 'verify-full', ...files }, /: up$/],
      [{ NATS_URL: byAddress, NATS_SSLMODE: 'verify-ca', ...files }, /: up$/],
      [{ NATS_URL: byAddress, NATS_SSLMODE: 'verify-full', ...files }, /altnames/],
      [{ NATS_URL: url, ...tls() }, /Authorization Violation/i],
      [{ NATS_URL: url, ...files, NATS_TLS_CA_FILE: '' }, /certificate/],
      [{ NATS_URL: byAddress, NATS_TOKEN: 't0ken', NATS_SSLMODE: 'disable' }, /the server requires TLS/],
      [{ NATS_URL: `tls://localhost:${plain.port}`, NATS_USER: 'u', NATS_PASSWORD: 'p@ss' }, /the server has no TLS/],
    ]);
  });

  it('has a user, or an NKEY', async () => {
    const seedFile = join(testServers.folder, 'seed');
    writeFileSync(seedFile, `${seed}\n`);
    const NATS_URL = `nats://127.0.0.1:${plain.port}`;
    await expectAll([
      [{ NATS_URL, NATS_USER: 'u', NATS_PASSWORD: 'p@ss' }, /: up$/],
      [{ NATS_URL: `nats://u:p%40ss@127.0.0.1:${plain.port}` }, /: up$/],
      [{ NATS_URL, NATS_NKEY_FILE: seedFile }, /: up$/],
      [{ NATS_URL, NATS_USER: 'u', NATS_PASSWORD: 'wrong' }, /Authorization Violation/i],
    ]);
  });

  it('reaches JetStream through its domain or a prefix, and explains the limits of the account', async () => {
    const NATS_URL = `nats://127.0.0.1:${plain.port}`;
    const login = (name: string) => ({ NATS_URL, NATS_USER: name, NATS_PASSWORD: name === 'u' ? 'p@ss' : 'x' });
    const streams =
      (...names: string[]): Parameters<typeof openNats>[1]['setUp'] =>
      async (connection) => {
        for (const name of names) await ensureStream(connection, { ...STREAM, name, subjects: [name] });
      };
    const outcomes = await Promise.all([
      outcomeOf({ ...login('u'), NATS_JS_DOMAIN: 'hub' }, streams('A')),
      outcomeOf({ ...login('u'), NATS_JS_API_PREFIX: '$JS.hub.API' }, streams('B')),
      outcomeOf({ ...login('u'), NATS_JS_DOMAIN: 'elsewhere' }, streams('C')),
      outcomeOf(login('none'), streams('D')),
      outcomeOf(login('small'), streams('E', 'F')),
    ]);
    expect(outcomes.slice(0, 2)).toEqual(['up', 'up']);
    expect(outcomes[2]).toMatch(/503|no responders/i);
    expect(outcomes[3]).toMatch(/not enabled for account: enable JetStream for the account/);
    expect(outcomes[4]).toMatch(/maximum number of streams|resource limits|insufficient/i);
    expect(outcomes[4]).toMatch(/the account must allow 2 streams|lower NATS_STREAM_MAX_BYTES/);
  });

  it('is refused before the start if its login is half right', () => {
    const problemsOf = (env: Variables): readonly string[] => {
      try {
        loadConfig<NatsConfig>(env, natsVariables);
        return [];
      } catch (error) {
        return (error as { problems: readonly string[] }).problems;
      }
    };
    const cases: [env: Variables, problem: RegExp][] = [
      [{ NATS_USER: 'u' }, /^NATS_USER: needs NATS_PASSWORD too$/],
      [{ NATS_PASSWORD: 'p' }, /^NATS_PASSWORD: needs NATS_USER too$/],
      [{ NATS_URL: 'nats://u:p@a', NATS_TOKEN: 't0ken' }, /^NATS_TOKEN: contradicts the login in NATS_URL/],
      [{ NATS_CREDS: '/etc/user.creds' }, /^NATS_CREDS: must be the content of a .creds file/],
      [{ NATS_NKEY: user.getPublicKey() }, /^NATS_NKEY: must be the seed of a user NKEY/],
      [{ NATS_URL: 'tls://a', NATS_SSLMODE: 'disable' }, /^NATS_SSLMODE: contradicts NATS_URL/],
      [{ NATS_URL: 'TLS://a', NATS_SSLMODE: 'disable' }, /^NATS_SSLMODE: contradicts NATS_URL/],
      [{ NATS_TLS_CA_FILE: certificates.ca }, /^NATS_TLS_CA: has no effect without TLS/],
      [{ NATS_JS_DOMAIN: 'hub', NATS_JS_API_PREFIX: 'a.b' }, /^NATS_JS_API_PREFIX: contradicts NATS_JS_DOMAIN/],
      [{ NATS_JS_API_PREFIX: 'a.b.' }, /^NATS_JS_API_PREFIX: must be a subject/],
    ];
    for (const [env, problem] of cases) expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
    const both = problemsOf({ NATS_TOKEN: 't0ken', NATS_NKEY: seed });
    expect(both).toEqual([
      expect.stringMatching(/NATS_TOKEN: contradicts NATS_NKEY/),
      expect.stringMatching(/NATS_NKEY: contradicts/),
    ]);
    expect(both.join()).not.toContain(seed);
  });

  it('returns after a restart of a server with TLS', async () => {
    const nats = open({ NATS_URL: `tls://t0ken@localhost:${server.port}`, ...tls() });
    expect(await outcome(nats)).toBe('up');
    await server.kill();
    await waitFor(() => nats.health().status === 'down', { timeoutMs: 10_000, what: 'NATS to be down' });
    await server.start();
    expect(await waitFor(() => nats.ping().then(() => 'up'), { timeoutMs: 15_000, what: 'NATS' })).toBe('up');
  });
});
