import { isHost } from '@ads/runtime';
import { decoded, readUrl } from '../url.js';

/** The address of a NATS server and the credentials for it. */
export interface NatsAddress {
  /** `host` or `host:port`. */
  readonly host: string;
  readonly tls: boolean;
  readonly credentials: NatsCredentials;
}

/** The credentials as the client takes them. `nats://token@host` is a token, as in other NATS clients. */
export type NatsCredentials = Readonly<Record<string, never> | { user: string; pass: string } | { token: string }>;

/** The servers of one cluster. The client uses the same credentials and the same TLS setting for all of them. */
export interface NatsServers {
  readonly hosts: readonly string[];
  readonly tls: boolean;
  readonly credentials: NatsCredentials;
}

/**
 * Parses the addresses in `NATS_URL`.
 *
 * @throws Error that names the problem and contains no secret
 */
export function readNatsServers(urls: readonly string[]): NatsServers {
  const addresses = urls.map(readNatsAddress);
  const [first] = addresses;
  if (first === undefined) throw new Error(FORM);
  if (addresses.some(({ tls }) => tls !== first.tls)) {
    throw new Error('must not mix nats:// and tls://: all servers need the same scheme');
  }
  const named = addresses.map(({ credentials }) => JSON.stringify(credentials)).filter((text) => text !== '{}');
  if (new Set(named).size > 1) {
    throw new Error('must not name different users or passwords: all servers need the same credentials');
  }
  const credentials = addresses.find((address) => Object.keys(address.credentials).length > 0)?.credentials ?? {};
  return { hosts: addresses.map(({ host }) => host), tls: first.tls, credentials };
}

const FORM = 'must be nats://host:4222 (or tls://), or several with commas between them';

function readNatsAddress(text: string): NatsAddress {
  const url = readUrl(text, FORM);
  if (!/^(nats|tls):$/.test(url.protocol) || !isHost(url.hostname.replace(/^\[(.*)\]$/, '$1'))) throw new Error(FORM);
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new Error('must end with the port, without path, query and fragment');
  }
  return { host: url.host, tls: url.protocol === 'tls:', credentials: readCredentials(url) };
}

function readCredentials(url: URL): NatsCredentials {
  const [user, pass] = [decoded(url.username), decoded(url.password)];
  if (user === undefined && pass === undefined) return {};
  if (user === undefined) throw new Error('has a password but no user: write nats://user:password@host:4222');
  return pass === undefined ? { token: user } : { user, pass };
}
