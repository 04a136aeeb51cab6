import { isIP } from 'node:net';

/** Maximum length of a DNS name. */
const LONGEST_NAME = 253;
/** Allows underscores, because Docker Compose uses them in host names. */
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;

/** True for a host name, or an address without brackets. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= LONGEST_NAME && NAME.test(text));
}
