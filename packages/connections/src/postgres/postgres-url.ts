import { isHost } from '@ads/runtime';
import { NO_SUCH_MODE, SSL_MODES, type SslMode } from '../tls.js';
import { decoded, hostOf, readUrl } from '../url.js';

/** The parts that `DATABASE_URL` names; undefined parts come from their own variables. */
export interface PostgresUrl {
  /** Also the folder of a Unix socket. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly sslmode: SslMode | undefined;
}

const FORM = 'must be postgres://user:password@host:5432/database';

/** Replacements for parameters that libpq or other libraries know. */
const INSTEAD: Readonly<Record<string, string>> = {
  sslrootcert: 'set POSTGRES_TLS_CA_FILE instead',
  sslcert: 'set POSTGRES_TLS_CERT_FILE instead',
  sslkey: 'set POSTGRES_TLS_KEY_FILE instead',
  schema: 'set POSTGRES_SCHEMA instead',
  channel_binding: 'remove it; sslmode=verify-full also proves the identity of the server',
  connect_timeout: 'set POSTGRES_TIMEOUT_MS instead',
};

/**
 * Parses `DATABASE_URL`.
 *
 * @throws Error that names the problem and contains no secret
 */
export function readPostgresUrl(text: string): PostgresUrl {
  const url = readUrl(text, FORM);
  if (!/^postgres(ql)?:$/.test(url.protocol) || url.hash !== '') throw new Error(FORM);
  for (const name of url.searchParams.keys()) {
    if (name === 'sslmode' || name === 'host') continue;
    throw new Error(`has the unsupported parameter ${name}: ${INSTEAD[name] ?? 'only sslmode and host are supported'}`);
  }
  const host = url.searchParams.get('host') ?? hostOf(url);
  if (host !== undefined && !host.startsWith('/') && !isHost(host)) {
    throw new Error('must name one host, or the folder of a Unix socket as ?host=/folder');
  }
  return {
    host,
    port: url.port === '' ? undefined : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    sslmode: readMode(url.searchParams.get('sslmode')),
  };
}

function readMode(text: string | null): SslMode | undefined {
  const mode = SSL_MODES.find((one) => one === text);
  if (text !== null && mode === undefined) throw new Error(`has an unknown sslmode: ${NO_SUCH_MODE}`);
  return mode;
}
