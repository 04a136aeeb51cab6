import { networkInterfaces } from 'node:os';

const EVERYWHERE = ['0.0.0.0', '::'];

/** The address at which other devices of the network reach this machine, if the gateway listens on all addresses. */
export interface LanUrl {
  readonly url: string;
  /** False if the gateway listens on this machine only. */
  readonly isOpen: boolean;
}

/** Returns the address of this machine in its network; undefined if it has none, or listens on one given address. */
export function lanUrl(host: string, port: number | undefined, interfaces = networkInterfaces()): LanUrl | undefined {
  const isOpen = EVERYWHERE.includes(host);
  if (!isOpen && host !== '127.0.0.1' && host !== 'localhost' && host !== '::1') return undefined;
  const address = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return address === undefined ? undefined : { url: `http://${address.address}:${port}`, isOpen };
}
