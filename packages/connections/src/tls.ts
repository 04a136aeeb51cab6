import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { schemas } from '@ads/runtime';
import type Joi from 'joi';

/** How a connection is encrypted, in the words of libpq. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** The mode and the PEM texts of a connection. */
export interface TlsSettings {
  readonly mode: SslMode;
  /** Certificate authorities, in place of those of Node. */
  readonly ca?: string | undefined;
  /** Client certificate, with its intermediate certificates. */
  readonly cert?: string | undefined;
  /** Private key of the client certificate. */
  readonly key?: string | undefined;
}

/** A joi rule: one of the modes. joi would skip further rules after `valid`. */
export function toSslMode(text: string, helpers: Joi.CustomHelpers): SslMode | Joi.ErrorReport {
  return SSL_MODES.find((mode) => mode === text) ?? helpers.message({ custom: NO_SUCH_MODE });
}

/** The modes `allow` and `prefer` of libpq fall back to a connection without TLS. */
export const NO_SUCH_MODE = `must be ${SSL_MODES.join(', ')}; allow and prefer would protect nothing`;

/** The options of Node for these settings; undefined without TLS. As in libpq, `require` with authorities is `verify-ca`. */
export function tlsOptions({ mode, ca, cert, key }: TlsSettings): ConnectionOptions | undefined {
  if (mode === 'disable') return undefined;
  return {
    rejectUnauthorized: mode !== 'require' || ca !== undefined,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** The values of the other variables, in a joi rule: validated if they are declared before this one, otherwise as given. */
export function siblingsOf(helpers: Joi.CustomHelpers): Readonly<Record<string, unknown>> {
  return helpers.state.ancestors[0];
}

/** The server that TLS variables belong to. */
interface TlsOwner {
  /** `POSTGRES` for `POSTGRES_TLS_CA`, … */
  readonly prefix: string;
  /** The name of the server, for the descriptions. */
  readonly server: string;
  /** False if the other variables choose a connection without TLS. */
  readonly isEncrypted: (siblings: Readonly<Record<string, unknown>>) => boolean;
}

/** The schemas of `…_TLS_CA`, `…_TLS_CERT` and `…_TLS_KEY`. Declare them after the variables that choose TLS. */
export function tlsSchemas({
  prefix,
  server,
  isEncrypted,
}: TlsOwner): Readonly<Record<'ca' | 'cert' | 'key', Joi.Schema>> {
  const [caName, certName, keyName] = [`${prefix}_TLS_CA`, `${prefix}_TLS_CERT`, `${prefix}_TLS_KEY`];
  const onlyWithTls = (pem: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport =>
    isEncrypted(siblingsOf(helpers))
      ? pem
      : helpers.message({
          custom: `has no effect without TLS: set ${prefix}_SSLMODE to require, verify-ca or verify-full`,
        });
  const needs = (other: string) => (pem: string, helpers: Joi.CustomHelpers) =>
    siblingsOf(helpers)[other] === undefined ? helpers.message({ custom: `needs ${other} too` }) : pem;
  return {
    ca: schemas.secret
      .custom(toCertificates)
      .custom(onlyWithTls)
      .description(
        `PEM certificates of the authorities that sign the certificate of ${server}, instead of those of Node. \`${caName}_FILE\` names a file.`,
      ),
    cert: schemas.secret
      .custom(toCertificates)
      .custom(onlyWithTls)
      .custom(needs(keyName))
      .description(
        `PEM client certificate for ${server}, followed by its intermediate certificates. \`${certName}_FILE\` names a file.`,
      ),
    key: schemas.secret
      .custom(toPrivateKey)
      .custom(needs(certName))
      .custom((pem, helpers) => toKeyOf(siblingsOf(helpers)[certName], certName, pem, helpers))
      .description(
        `PEM private key of \`${certName}\`, without a passphrase. \`${keyName}_FILE\` names a file. Files are read at the start.`,
      ),
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function toCertificates(pem: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return helpers.message({ custom: notPem('certificates', 'CERTIFICATE') });
  const broken = blocks.findIndex((block) => certificateOf(block) === undefined);
  return broken === -1 ? pem : helpers.message({ custom: `has a damaged certificate: number ${broken + 1}` });
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function toPrivateKey(pem: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  try {
    createPrivateKey(pem);
    return pem;
  } catch {
    if (/ENCRYPTED/.test(pem)) return helpers.message({ custom: 'must be a private key without a passphrase' });
    return helpers.message({ custom: notPem('a private key', 'PRIVATE KEY') });
  }
}

function notPem(what: string, label: string): string {
  return `must be ${what} in PEM form (-----BEGIN ${label}-----); to give the path of a file, use the variable with _FILE`;
}

function toKeyOf(
  certificate: unknown,
  certName: string,
  key: string,
  helpers: Joi.CustomHelpers,
): string | Joi.ErrorReport {
  const parsed = typeof certificate === 'string' ? certificateOf(certificate) : undefined;
  if (parsed === undefined || parsed.checkPrivateKey(createPrivateKey(key))) return key;
  return helpers.message({ custom: `does not belong to the certificate in ${certName}` });
}
