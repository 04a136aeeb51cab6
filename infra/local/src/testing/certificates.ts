import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireInstalled } from '../servers/executables.js';
import { postgresAccount } from '../servers/postgres-account.js';
import { runCommand } from '../servers/run-command.js';

/** The paths of a certificate and of its key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files of a certificate authority of a test. */
export interface Certificates {
  /** The certificate of the authority. */
  readonly ca: string;
  /** For a server with the host name `localhost`, and no address. Postgres may read the key too. */
  readonly server: CertificateFiles;
  /** For a client with the name `ads`. */
  readonly client: CertificateFiles;
}

/**
 * Makes an authority and its certificates with openssl, in 0.1 s.
 *
 * @param folder is created
 * @throws Error that names what to install if openssl is not found
 */
export async function makeCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true });
  const { path, env } = await requireInstalled('openssl');
  const openssl = async (...args: string[]): Promise<void> => {
    const { code, output } = await runCommand(path, args, {
      timeoutMs: 30_000,
      cwd: folder,
      env: { ...process.env, ...env },
    });
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${output}`);
  };
  writeFileSync(
    join(folder, 'openssl.cnf'),
    `[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
[server]
subjectAltName = DNS:localhost
[client]
extendedKeyUsage = clientAuth
`,
  );
  const request = [
    'req',
    '-config',
    'openssl.cnf',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ];
  await openssl(
    ...request,
    '-x509',
    '-extensions',
    'ca',
    '-subj',
    '/CN=authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  const sign = async (name: string, subject: string, serial: string): Promise<CertificateFiles> => {
    await openssl(...request, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', serial];
    const extensions = ['-extfile', 'openssl.cnf', '-extensions', name];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...extensions, '-out', `${name}.pem`);
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  const [server, client] = await Promise.all([sign('server', '/CN=server', '1'), sign('client', '/CN=ads', '2')]);
  const { ids } = postgresAccount([dirname(folder)]);
  // Postgres refuses a key that another user may read, or owns.
  if (ids !== undefined) chownSync(server.key, ids.uid, ids.gid);
  return { ca: join(folder, 'ca.pem'), server, client };
}
