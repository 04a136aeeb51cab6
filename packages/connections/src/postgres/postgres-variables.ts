import { schemas, type Variables } from '@ads/runtime';
import Joi from 'joi';
import { type SslMode, tlsSchemas, toSslMode } from '../tls.js';
import { asInUrl, toUrl } from '../url.js';
import { type PostgresUrl, readPostgresUrl } from './postgres-url.js';

export interface PostgresConfig {
  readonly DATABASE_URL?: PostgresUrl;
  readonly POSTGRES_HOST: string;
  readonly POSTGRES_PORT: number;
  readonly POSTGRES_USER: string;
  readonly POSTGRES_PASSWORD?: string;
  readonly POSTGRES_DB: string;
  readonly POSTGRES_SCHEMA?: string;
  readonly POSTGRES_SSLMODE: SslMode;
  readonly POSTGRES_TLS_CA?: string;
  readonly POSTGRES_TLS_CERT?: string;
  readonly POSTGRES_TLS_KEY?: string;
  readonly POSTGRES_POOL_SIZE: number;
  readonly POSTGRES_TIMEOUT_MS: number;
  readonly PLACEHOLDER_PASSWORDS: 'refuse' | 'allow';
}

const { milliseconds, port, secret, toHost } = schemas;

/** The default depends on the service. */
export const postgresTimeout = milliseconds.description(
  'Longest time of one statement or transaction, including the wait for a connection.',
);

/** libpq and node-postgres also accept the folder of the Unix socket as a host. */
const hostOrSocket = Joi.string()
  .trim()
  .custom((text, helpers) => (text.startsWith('/') ? text : toHost(text, helpers)));

const tls = tlsSchemas({
  prefix: 'POSTGRES',
  server: 'Postgres',
  isEncrypted: ({ DATABASE_URL: url, POSTGRES_SSLMODE: mode }) =>
    ((url as PostgresUrl | undefined)?.sslmode ?? mode) !== 'disable',
});

/** `DATABASE_URL` is first, because the rules of its parts compare them with it. */
export const postgresVariables: Variables<PostgresConfig> = {
  DATABASE_URL: secret
    .custom(toUrl(readPostgresUrl))
    .description(
      'Address of Postgres, such as `postgres://user:password@host:5432/database?sslmode=verify-full`. A part that it does not name comes from its own variable, such as `POSTGRES_PASSWORD_FILE`.',
    ),
  POSTGRES_HOST: hostOrSocket
    .custom(asInUrl('DATABASE_URL', 'host'))
    .default('localhost')
    .description('Host name, address, or folder of the Unix socket of Postgres.'),
  POSTGRES_PORT: port.custom(asInUrl('DATABASE_URL', 'port')).default(5432).description('Port of Postgres.'),
  POSTGRES_USER: Joi.string()
    .custom(asInUrl('DATABASE_URL', 'user'))
    .default('postgres')
    .description('Role that connects to Postgres.'),
  POSTGRES_PASSWORD: secret.custom(asInUrl('DATABASE_URL', 'password')).description('Password of the role.'),
  POSTGRES_DB: Joi.string().custom(asInUrl('DATABASE_URL', 'database')).default('ads').description('Database.'),
  POSTGRES_SCHEMA: Joi.string()
    .pattern(/^[a-z_][a-z0-9_]{0,62}$/)
    .invalid('reports')
    .messages({
      'string.pattern.base': 'must be lower-case letters, digits and underscores, and not begin with a digit',
      'any.invalid': 'must not be reports, which holds the views for SQL tools',
    })
    .description(
      'Schema of the tables; the migrations create it. Unset: the schema of the role if there is one, otherwise `public`. Through PgBouncer, set `search_path` on the role too.',
    ),
  POSTGRES_SSLMODE: Joi.string()
    .custom(toSslMode)
    .custom(asInUrl('DATABASE_URL', 'sslmode'))
    .default('disable')
    .description(
      'TLS to Postgres: `require` encrypts and accepts any certificate, `verify-ca` also checks who signed the certificate, and `verify-full` its host name too. With `POSTGRES_TLS_CA`, `require` is `verify-ca`. A Unix socket has no TLS.',
    ),
  POSTGRES_TLS_CA: tls.ca,
  POSTGRES_TLS_CERT: tls.cert,
  POSTGRES_TLS_KEY: tls.key,
  POSTGRES_POOL_SIZE: Joi.number()
    .integer()
    .min(1)
    .max(1000)
    .default(10)
    .description('Connections to Postgres per process.'),
  POSTGRES_TIMEOUT_MS: postgresTimeout.default(5_000),
  PLACEHOLDER_PASSWORDS: Joi.string()
    .valid('refuse', 'allow')
    .default('refuse')
    .description(
      '`allow` accepts the public placeholder passwords of the Kubernetes manifests and of Compose, for a trial. By default a process with one of them does not start.',
    ),
};
