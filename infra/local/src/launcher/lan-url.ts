import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

const EVERYWHERE = ['0.0.0.0', '::'];
const LOOPBACK = ['127.0.0.1', 'localhost'];

/** The address at which other devices of the network reach this machine, if the gateway listens on all addresses. */
export interface LanUrl {
  readonly url: string;
  /** False if the gateway listens on this machine only. */
  readonly isOpen: boolean;
}

/** The addresses of each network interface. */
export type Interfaces = NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[]>;

/** Returns the address of this machine in its network; undefined if it has none, or listens on one given address. */
export function lanUrl(
  host: string,
  port: number | undefined,
  interfaces: Interfaces = networkInterfaces(),
): LanUrl | undefined {
  const isOpen = EVERYWHERE.includes(host);
  if (!isOpen && !LOOPBACK.includes(host) && host !== '::1') return undefined;
  const address = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return address === undefined ? undefined : { url: `http://${address.address}:${port}`, isOpen };
}

/** Returns the address at which this machine reaches the gateway. @param host the address on which it listens */
export function localUrl(host: string, port: number | undefined): string {
  const name = EVERYWHERE.includes(host) || LOOPBACK.includes(host) ? 'localhost' : host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}
