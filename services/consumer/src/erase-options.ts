import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { NO_ADDRESS, readAddress } from '@ads/models';
import { parsed, UsageError } from '@ads/runtime';

/** @throws UsageError */
export function readAddressToErase(args: readonly string[]): string {
  const options = { ip: { type: 'string', multiple: true } } as const;
  const { ip = [] } = parsed(() => parseArgs({ args: [...args], options })).values;
  const [text, ...others] = ip;
  if (text === undefined || others.length > 0) throw new UsageError('Give one address: --ip ADDRESS.');
  const address = isIP(text) === 0 ? undefined : readAddress(text);
  if (address === undefined) throw new UsageError('--ip must be an IPv4 or IPv6 address without a network mask.');
  if (address === NO_ADDRESS) throw new UsageError(`${NO_ADDRESS} stands for an unknown or erased address.`);
  return address;
}
