import { createHmac, randomBytes } from 'node:crypto';
import { type AdEvent, addressBytes, NO_ADDRESS } from '@ads/models';

/** How much of a viewer's address is stored. */
export const IP_MODES = ['full', 'truncated', 'hashed', 'none'] as const;
export type IpMode = (typeof IP_MODES)[number];

const DAY_MS = 86_400_000;
const SALT_BYTES = 32;

/** Hashes are addresses of the private range `fd00::/8`, which holds 120 bits of a hash. */
const HASH_PREFIX = 'fd';
const HASH_DIGITS = 30;

/**
 * Returns what replaces the address of an event before the event is stored or queued; undefined for `full`.
 *
 * - `truncated`: the network, /24 of IPv4 and /48 of IPv6.
 * - `hashed`: an HMAC-SHA-256 with a random salt of this process and UTC day. The salt is in the memory of this process only.
 *   The first event of the next day replaces it, so no one can then tell whether a hash belongs to an address.
 * - `none`: {@link NO_ADDRESS}.
 *
 * Each result is an address, so that columns, tools and older consumers accept it.
 */
export function addressHider(mode: IpMode): ((event: AdEvent) => AdEvent) | undefined {
  switch (mode) {
    case 'full':
      return undefined;
    case 'truncated':
      return (event) => ({ ...event, ip: networkOf(event.ip) });
    case 'hashed': {
      const hash = addressHasher();
      return (event) => ({ ...event, ip: hash(event.ip, event.receivedAt) });
    }
    case 'none':
      return (event) => ({ ...event, ip: NO_ADDRESS });
  }
}

function networkOf(address: string): string {
  if (!address.includes(':')) return `${address.slice(0, address.lastIndexOf('.'))}.0`;
  const digits = addressBytes(address).toString('hex', 0, 6);
  return `${digits.slice(0, 4)}:${digits.slice(4, 8)}:${digits.slice(8)}::`;
}

function addressHasher(): (address: string, time: number) => string {
  let day: number | undefined;
  let salt = Buffer.alloc(0);
  return (address, time) => {
    // An unknown address is the same for all viewers.
    if (address === NO_ADDRESS) return address;
    const today = Math.floor(time / DAY_MS);
    if (today !== day) {
      day = today;
      salt = randomBytes(SALT_BYTES);
    }
    const digest = createHmac('sha256', salt).update(addressBytes(address)).digest('hex');
    return (HASH_PREFIX + digest.slice(0, HASH_DIGITS)).replace(/.{4}(?!$)/g, '$&:');
  };
}
