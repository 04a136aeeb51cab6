import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { parsed, UsageError } from '@ads/runtime';
import { FLAT_NAMES, toAdBody } from '../ads/flat-ad.js';

export type AdsCommand =
  | { readonly name: 'list'; readonly url: string | undefined; readonly filter: Readonly<Record<string, string>> }
  | { readonly name: 'add'; readonly url: string | undefined; readonly ad: object }
  | {
      readonly name: 'import';
      readonly url: string | undefined;
      readonly file: string;
      readonly type: string;
      readonly mode: string;
    }
  | { readonly name: 'archive'; readonly url: string | undefined; readonly ids: readonly string[] };

const FILE_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
};

/** The options of `add`. */
const AD_OPTIONS: readonly string[] = FLAT_NAMES.map((name) => name.replaceAll('_', '-'));
/** The options of `list`: parameters of the API. */
const FILTERS: readonly string[] = ['campaign', 'advertiser', 'status', 'q'];

/** @throws UsageError */
export function readAdsCommand(args: readonly string[]): AdsCommand {
  const { texts, positionals } = parse(args);
  const { url, mode, ...given } = texts;
  const [name, ...rest] = positionals;
  const options = name === 'add' ? AD_OPTIONS : name === 'list' ? FILTERS : [];
  const misplaced = Object.keys(given).find((option) => !options.includes(option));
  if (misplaced !== undefined)
    throw new UsageError(`--${misplaced} goes with ${AD_OPTIONS.includes(misplaced) ? 'add' : 'list'}.`);
  if (name !== 'import' && mode !== undefined) throw new UsageError('--mode goes with import.');
  switch (name) {
    case 'list':
      if (rest.length > 0) throw new UsageError('list takes no arguments.');
      return { name, url, filter: given };
    case 'add':
      if (rest.length > 0 || given['target-url'] === undefined) throw new UsageError('add takes --target-url URL.');
      return { name, url, ad: toAdBody(Object.entries(given).map(([key, text]) => [key.replaceAll('-', '_'), text])) };
    case 'import': {
      const [file, ...others] = rest;
      const type = FILE_TYPES[extname(file ?? '')];
      if (file === undefined || others.length > 0 || type === undefined) {
        throw new UsageError('import takes one file whose name ends with .csv, .ndjson or .jsonl.');
      }
      return { name, url, file, type, mode: mode ?? 'all' };
    }
    case 'archive':
      if (rest.length === 0) throw new UsageError('archive takes ids of ads.');
      return { name, url, ids: rest };
    default:
      throw new UsageError(
        name === undefined ? 'Give a command: list, add, import or archive.' : `Unknown command ${name}.`,
      );
  }
}

const TEXT = { type: 'string' } as const;
const TEXT_OPTIONS: Readonly<Record<string, typeof TEXT>> = Object.fromEntries(
  [...AD_OPTIONS, ...FILTERS, 'url', 'mode'].map((name) => [name, TEXT]),
);

function parse(args: readonly string[]) {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], allowPositionals: true, options: TEXT_OPTIONS }),
  );
  const texts = Object.entries<unknown>(values).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return { texts: Object.fromEntries(texts), positionals };
}
