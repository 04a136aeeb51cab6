import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { NO_ADDRESS, readAddress } from '@ads/models';
import { UsageError } from './usage-error.js';

export type EraseCommand = { readonly name: 'help' } | { readonly name: 'erase'; readonly address: string };

/** @throws UsageError with one line */
export function readEraseCommand(args: readonly string[]): EraseCommand {
  const { help, ip = [] } = parse(args.filter((arg) => arg !== '--'));
  if (help === true) return { name: 'help' };
  const [text, ...others] = ip;
  if (text === undefined || others.length > 0) throw new UsageError('Give one address: --ip ADDRESS.');
  const address = isIP(text) === 0 ? undefined : readAddress(text);
  if (address === undefined) throw new UsageError('--ip must be an IPv4 or IPv6 address without a network mask.');
  if (address === NO_ADDRESS) throw new UsageError(`${NO_ADDRESS} stands for an unknown or erased address.`);
  return { name: 'erase', address };
}

function parse(args: readonly string[]) {
  try {
    const options = { ip: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}
