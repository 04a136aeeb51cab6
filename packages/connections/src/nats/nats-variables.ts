import { schemas, type Variables } from '@ads/runtime';
import Joi from 'joi';
import { credsAuthenticator, nkeyAuthenticator } from 'nats';
import { type SslMode, siblingsOf, tlsSchemas, toSslMode } from '../tls.js';
import { readNatsServers } from './nats-address.js';

export interface NatsConfig {
  readonly NATS_URL: readonly string[];
  readonly NATS_USER?: string;
  readonly NATS_PASSWORD?: string;
  readonly NATS_TOKEN?: string;
  readonly NATS_CREDS?: string;
  readonly NATS_NKEY?: string;
  readonly NATS_SSLMODE?: SslMode;
  readonly NATS_TLS_CA?: string;
  readonly NATS_TLS_CERT?: string;
  readonly NATS_TLS_KEY?: string;
  readonly NATS_JS_DOMAIN?: string;
  readonly NATS_JS_API_PREFIX?: string;
  readonly NATS_TIMEOUT_MS: number;
}

const { listOf, milliseconds, secret } = schemas;

/** The default depends on the service. */
export const natsTimeout = milliseconds.description('Longest time of one call, and of one attempt to connect.');

/** How the connection is encrypted; undefined lets the server decide, and verifies its certificate if it requires TLS. */
export function natsSslMode(config: Partial<Pick<NatsConfig, 'NATS_SSLMODE' | 'NATS_URL'>>): SslMode | undefined {
  return config.NATS_SSLMODE ?? (hasTlsScheme(config.NATS_URL) ? 'verify-full' : undefined);
}

function hasTlsScheme(urls: unknown): boolean {
  return Array.isArray(urls) && urls.some((url: string) => /^tls:/i.test(url));
}

const tls = tlsSchemas({
  prefix: 'NATS',
  server: 'NATS',
  isEncrypted: (siblings) => !['disable', undefined].includes(natsSslMode(siblings)),
});

/** The ways to log in: one at most. */
const LOGINS = ['NATS_USER', 'NATS_TOKEN', 'NATS_CREDS', 'NATS_NKEY'] as const;

/** `NATS_URL` is first, because the rules of other variables compare them with it. */
export const natsVariables: Variables<NatsConfig> = {
  // A secret because an address may hold a user and a password.
  NATS_URL: secret
    .custom(toNatsUrls)
    .default(['nats://localhost:4222'])
    .description(
      'Comma-separated list of the addresses of one NATS server or cluster, such as `nats://user:password@host:4222`; `tls://` is TLS.',
    ),
  NATS_USER: Joi.string().custom(onlyLogin('NATS_USER')).custom(needs('NATS_PASSWORD')).description('User of NATS.'),
  NATS_PASSWORD: secret.custom(needs('NATS_USER')).description('Password of `NATS_USER`.'),
  NATS_TOKEN: secret.custom(onlyLogin('NATS_TOKEN')).description('Token for NATS, instead of a user.'),
  NATS_CREDS: secret
    .custom(onlyLogin('NATS_CREDS'))
    .custom(
      signs(
        (text, encoded) => credsAuthenticator(encoded)(text),
        'must be the content of a .creds file; the path of the file belongs into NATS_CREDS_FILE',
        // The client reads a block only with the line break after it.
        '\n',
      ),
    )
    .description('Content of a `.creds` file (JWT and NKEY), instead of a user. `NATS_CREDS_FILE` names the file.'),
  NATS_NKEY: secret
    .custom(onlyLogin('NATS_NKEY'))
    .custom(
      signs(
        (text, encoded) => nkeyAuthenticator(encoded)(text),
        'must be the seed of a user NKEY, which begins with SU',
      ),
    )
    .description('Seed of a user NKEY, instead of a user.'),
  NATS_SSLMODE: Joi.string()
    .custom(toSslMode)
    .custom(asScheme)
    .description(
      'TLS to NATS, with the values of `POSTGRES_SSLMODE`. Unset: `verify-full` with `tls://`; with `nats://` only if the server requires TLS, verified too.',
    ),
  NATS_TLS_CA: tls.ca,
  NATS_TLS_CERT: tls.cert,
  NATS_TLS_KEY: tls.key,
  NATS_JS_DOMAIN: Joi.string()
    .pattern(/^[\w-]+$/)
    .messages({ 'string.pattern.base': 'must be a name without dots, spaces and wildcards' })
    .description(
      'Domain of JetStream, if the streams are in another domain than that of the server, such as behind a leaf node.',
    ),
  NATS_JS_API_PREFIX: Joi.string()
    .pattern(/^[\w$-]+(\.[\w$-]+)*$/)
    .messages({
      'string.pattern.base': 'must be a subject without wildcards, such as $JS.hub.API, and not end with a dot',
    })
    .custom((prefix, helpers) =>
      siblingsOf(helpers).NATS_JS_DOMAIN === undefined
        ? prefix
        : helpers.message({ custom: 'contradicts NATS_JS_DOMAIN, which is a prefix too: set only one of them' }),
    )
    .description('Prefix of the API of JetStream, if another account exports it. Default: `$JS.API`.'),
  NATS_TIMEOUT_MS: natsTimeout.default(2_000),
};

function toNatsUrls(value: string, helpers: Joi.CustomHelpers): string[] | Joi.ErrorReport {
  const urls = listOf(value).map((url) => (url.includes('://') ? url : `nats://${url}`));
  try {
    readNatsServers(urls);
    return urls;
  } catch (error) {
    return helpers.message({ custom: (error as Error).message });
  }
}

/** A joi rule: this variable is the only login. */
function onlyLogin(name: (typeof LOGINS)[number]) {
  return (value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport => {
    const siblings = siblingsOf(helpers);
    const other = LOGINS.find((login) => login !== name && siblings[login] !== undefined);
    if (other !== undefined) return helpers.message({ custom: `contradicts ${other}: set only one login` });
    const { NATS_URL: urls } = siblings;
    const isInUrl = Array.isArray(urls) && Object.keys(readNatsServers(urls).credentials).length > 0;
    return isInUrl ? helpers.message({ custom: 'contradicts the login in NATS_URL: set only one of them' }) : value;
  };
}

function needs(other: string) {
  return (value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
    siblingsOf(helpers)[other] === undefined ? helpers.message({ custom: `needs ${other} too` }) : value;
}

/**
 * A joi rule: the secret can sign a text.
 *
 * @param end the characters that the secret must end with
 */
function signs(sign: (nonce: string, secret: Uint8Array) => unknown, problem: string, end = '') {
  return (value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport => {
    const text = value.trim() + end;
    try {
      sign('nonce', new TextEncoder().encode(text));
      return text;
    } catch {
      return helpers.message({ custom: problem });
    }
  };
}

function asScheme(mode: SslMode, helpers: Joi.CustomHelpers): SslMode | Joi.ErrorReport {
  if (mode !== 'disable' || !hasTlsScheme(siblingsOf(helpers).NATS_URL)) return mode;
  return helpers.message({ custom: 'contradicts NATS_URL, which begins with tls://' });
}
