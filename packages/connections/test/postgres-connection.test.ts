import { readFileSync } from 'node:fs';
import { type Certificates, type LocalProcess, openPool, openTestServers, type Variables, waitFor } from '@ads/local';
import { type ConfigError, createMetrics, type Logger, loadConfig } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgres } from '../src/postgres/postgres.js';
import { type PostgresConfig, postgresVariables } from '../src/postgres/postgres-variables.js';

const quiet: Logger = { error: () => 0, warn: () => 0, info: () => 0, debug: () => 0 };
const testServers = openTestServers();
afterAll(testServers.release);

let certificates: Certificates;
let server: LocalProcess;
let url: string;

beforeAll(async () => {
  certificates = await testServers.certificates();
  const { ca, server: files } = certificates;
  server = await testServers.postgres({
    settings: { ssl: 'on', ssl_ca_file: ca, ssl_cert_file: files.cert, ssl_key_file: files.key },
  });
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_PORT: port, POSTGRES_DB: name } = server.env;
  url = `postgres://${user}:${password}@localhost:${port}/${name}`;
  const admin = openPool(server.env);
  await admin.query("CREATE ROLE by_certificate LOGIN; CREATE ROLE plain LOGIN PASSWORD 'p@ss/w:rd'");
  const rules = [
    'hostnossl all plain all reject',
    'hostssl all by_certificate all scram-sha-256 clientcert=verify-ca',
    'host all all all scram-sha-256',
  ];
  const { rows } = await admin.query('SHOW hba_file');
  await admin.query(
    `COPY (SELECT unnest('{${rules.join(',')}}'::text[])) TO '${rows[0].hba_file}';
     ALTER ROLE by_certificate PASSWORD 'also'; SELECT pg_reload_conf()`,
  );
  await admin.end();
});

const pem = (path: string) => readFileSync(path, 'utf8');

/** How a connection with these variables is encrypted, as the server sees it; or the error. */
async function connect(env: Variables): Promise<unknown> {
  const config = loadConfig<PostgresConfig>(env, postgresVariables);
  const postgres = openPostgres(config, {
    service: 'test',
    metrics: createMetrics('test'),
    logger: quiet,
    attempts: 1,
  });
  try {
    const [row] = await postgres.query<object>(
      'test',
      'SELECT ssl, client_dn, current_user AS role, current_schema() AS schema FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return row;
  } catch (error) {
    return String((error as Error).cause);
  } finally {
    await postgres.close();
  }
}

describe('a connection to Postgres', () => {
  it('uses the URL, and encrypts it in the modes of libpq', async () => {
    const ca = pem(certificates.ca);
    const byAddress = url.replace('localhost', '127.0.0.1');
    const encrypted = expect.objectContaining({ ssl: true, client_dn: null });
    const none = expect.objectContaining({ ssl: false });
    const cases: [env: Variables, outcome: unknown][] = [
      [{ DATABASE_URL: url }, none],
      [{ DATABASE_URL: `${url}?sslmode=require` }, encrypted],
      [{ DATABASE_URL: url, POSTGRES_SSLMODE: 'require' }, encrypted],
      [{ DATABASE_URL: url, POSTGRES_SSLMODE: 'verify-full', POSTGRES_TLS_CA_FILE: certificates.ca }, encrypted],
      [{ DATABASE_URL: byAddress, POSTGRES_SSLMODE: 'verify-ca', POSTGRES_TLS_CA: ca }, encrypted],
      [{ DATABASE_URL: byAddress, POSTGRES_SSLMODE: 'verify-full', POSTGRES_TLS_CA: ca }, /altnames/],
      // Node does not know the authority.
      [{ DATABASE_URL: url, POSTGRES_SSLMODE: 'verify-ca' }, /self-signed certificate|unable to/],
      // With authorities, `require` checks them, as in libpq.
      [
        { DATABASE_URL: url, POSTGRES_SSLMODE: 'require', POSTGRES_TLS_CA: pem(certificates.client.cert) },
        /certificate/,
      ],
    ];
    const outcomes = await Promise.all(cases.map(([env]) => connect(env)));
    for (const [index, [, outcome]] of cases.entries()) {
      if (outcome instanceof RegExp) expect(outcomes[index]).toMatch(outcome);
      else expect(outcomes[index]).toEqual(outcome);
    }
  });

  it('completes the URL by other variables, and presents a client certificate', async () => {
    const { port, pathname } = new URL(url);
    const env = {
      DATABASE_URL: `postgresql://localhost:${port}${pathname}?sslmode=verify-full`,
      POSTGRES_TLS_CA_FILE: certificates.ca,
    };
    const plain = { ...env, POSTGRES_USER: 'plain', POSTGRES_PASSWORD: 'p@ss/w:rd' };
    const withCertificate = {
      ...{ ...env, POSTGRES_USER: 'by_certificate', POSTGRES_PASSWORD: 'also' },
      POSTGRES_TLS_CERT_FILE: certificates.client.cert,
      POSTGRES_TLS_KEY_FILE: certificates.client.key,
    };
    expect(await connect(plain)).toMatchObject({ ssl: true, role: 'plain' });
    expect(await connect(withCertificate)).toMatchObject({ ssl: true, client_dn: '/CN=ads', role: 'by_certificate' });
    const escaped = `postgres://plain:p%40ss%2Fw%3Ard@localhost:${port}${pathname}`;
    expect(await connect({ DATABASE_URL: `${escaped}?sslmode=require` })).toMatchObject({ role: 'plain' });
    expect(await connect({ DATABASE_URL: escaped })).toMatch(/pg_hba.conf rejects connection/);
    expect(await connect({ ...withCertificate, POSTGRES_TLS_CERT_FILE: '', POSTGRES_TLS_KEY_FILE: '' })).toMatch(
      /requires a valid client certificate/,
    );
  });

  it('is refused before the start if its certificates are half right', () => {
    const { ca, client, server: other } = certificates;
    const problemsOf = (env: Variables): readonly string[] => {
      try {
        loadConfig<PostgresConfig>({ POSTGRES_SSLMODE: 'verify-full', ...env }, postgresVariables);
        return [];
      } catch (error) {
        return (error as ConfigError).problems;
      }
    };
    const pair = { POSTGRES_TLS_CERT_FILE: client.cert, POSTGRES_TLS_KEY_FILE: client.key };
    const cases: [env: Variables, problem: RegExp][] = [
      [{ POSTGRES_TLS_CERT_FILE: client.cert }, /^POSTGRES_TLS_CERT: needs POSTGRES_TLS_KEY too$/],
      [{ POSTGRES_TLS_KEY_FILE: client.key }, /^POSTGRES_TLS_KEY: needs POSTGRES_TLS_CERT too$/],
      [
        { ...pair, POSTGRES_TLS_KEY_FILE: other.key },
        /^POSTGRES_TLS_KEY: does not belong to the certificate in POSTGRES_TLS_CERT$/,
      ],
      [{ POSTGRES_TLS_CA: ca }, /^POSTGRES_TLS_CA: must be certificates in PEM form .* the variable with _FILE$/],
      [
        { POSTGRES_TLS_CA_FILE: '/nowhere' },
        /^POSTGRES_TLS_CA: POSTGRES_TLS_CA_FILE cannot be read: \/nowhere \(ENOENT\)$/,
      ],
      [{ POSTGRES_TLS_CA: pem(ca).replace('MII', 'MIX') }, /^POSTGRES_TLS_CA: has a damaged certificate: number 1$/],
      [{ ...pair, POSTGRES_TLS_KEY_FILE: client.cert }, /^POSTGRES_TLS_KEY: must be a private key in PEM form/],
      [
        { POSTGRES_TLS_CA_FILE: ca, POSTGRES_SSLMODE: 'disable' },
        /^POSTGRES_TLS_CA: has no effect without TLS: set POSTGRES_SSLMODE/,
      ],
    ];
    expect(problemsOf(pair)).toEqual([]);
    for (const [env, problem] of cases) expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
  });

  it('returns after a restart of the server', async () => {
    const env = { DATABASE_URL: `${url}?sslmode=verify-full`, POSTGRES_TLS_CA_FILE: certificates.ca };
    const config = loadConfig<PostgresConfig>(env, postgresVariables);
    const postgres = openPostgres(config, { service: 'test', metrics: createMetrics('test'), logger: quiet });
    testServers.onRelease(postgres.close);
    await postgres.ping();
    await server.kill();
    await expect(postgres.ping()).rejects.toThrow('postgres is unavailable');
    await server.start();
    await waitFor(() => postgres.ping().then(() => true), { timeoutMs: 10_000, what: 'Postgres to be reached again' });
    expect(postgres.health().status).toBe('up');
  });
});
