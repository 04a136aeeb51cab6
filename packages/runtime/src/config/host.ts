import { isIP } from 'node:net';

/** The most that the name system takes. */
const LONGEST_NAME = 253;
/** Underscores too: Docker Compose gives such names. */
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;

/** True for a host name or an address without brackets. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text.length <= LONGEST_NAME && NAME.test(text));
}
