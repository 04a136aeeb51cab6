import { parseArgs } from 'node:util';
import { ENDPOINTS } from '@ads/contract';
import { parsed, UsageError } from '@ads/runtime';
import { type Api, printList, request } from './request.js';

const KEYS = ENDPOINTS.keys.path;

export type KeysCommand =
  | { readonly name: 'list'; readonly url: string | undefined }
  | { readonly name: 'add'; readonly url: string | undefined; readonly key: object }
  | { readonly name: 'remove'; readonly url: string | undefined; readonly ids: readonly string[] };

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  scope: { type: 'string', multiple: true },
  ...{ advertiser: TEXT, 'expires-at': TEXT, url: TEXT },
} as const;

/** @throws UsageError */
export function readKeysCommand(args: readonly string[]): KeysCommand {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS }),
  );
  const { url, scope: scopes, advertiser, 'expires-at': expires } = values;
  const [name, ...rest] = positionals;
  if (name !== 'add' && (scopes ?? advertiser ?? expires) !== undefined) {
    throw new UsageError('--scope, --advertiser and --expires-at go with add.');
  }
  switch (name) {
    case 'list':
      if (rest.length > 0) throw new UsageError('list takes no arguments.');
      return { name, url };
    case 'add': {
      const [keyName, ...others] = rest;
      if (keyName === undefined || others.length > 0 || scopes === undefined) {
        throw new UsageError('add takes a name and --scope SCOPE.');
      }
      const given = { advertiser, expires_at: expires };
      const fields = Object.entries(given).filter(([, value]) => value !== undefined);
      return { name, url, key: { name: keyName, scopes, ...Object.fromEntries(fields) } };
    }
    case 'remove':
      if (rest.length === 0) throw new UsageError('remove takes ids of keys.');
      return { name, url, ids: rest };
    default:
      throw new UsageError(name === undefined ? 'Give a command: list, add or remove.' : `Unknown command ${name}.`);
  }
}

/**
 * @param print prints a line
 * @returns true
 * @throws RequestFailed
 */
export async function runKeysCommand(command: KeysCommand, api: Api, print: (line: string) => void): Promise<boolean> {
  switch (command.name) {
    case 'list':
      await printList(api, { path: KEYS, field: 'keys' }, print);
      return true;
    case 'add':
      print(JSON.stringify(await request(api, 'POST', KEYS, 'application/json', JSON.stringify(command.key))));
      return true;
    case 'remove':
      for (const id of command.ids) {
        print(JSON.stringify(await request(api, 'DELETE', `${KEYS}/${encodeURIComponent(id)}`)));
      }
      return true;
  }
}
