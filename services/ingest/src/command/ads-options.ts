import { extname } from 'node:path';
import { parseArgs } from 'node:util';

/** The arguments are not a valid command. The message is one line. */
export class UsageError extends Error {}

export type AdsCommand =
  | { readonly name: 'help' }
  | { readonly name: 'list'; readonly url: string | undefined }
  | { readonly name: 'add'; readonly url: string | undefined; readonly ad: object }
  | {
      readonly name: 'import';
      readonly url: string | undefined;
      readonly file: string;
      readonly type: string;
      readonly mode: string;
    }
  | { readonly name: 'archive'; readonly url: string | undefined; readonly ids: readonly string[] };

const FIELDS = {
  id: 'id',
  title: 'title',
  advertiser: 'advertiser',
  campaign: 'campaign',
  'image-url': 'image_url',
  'target-url': 'target_url',
  'duration-seconds': 'duration_seconds',
  status: 'status',
  'starts-at': 'starts_at',
  'ends-at': 'ends_at',
} as const;
type Field = keyof typeof FIELDS;

const FILE_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
};

/** @throws UsageError */
export function readAdsCommand(args: readonly string[]): AdsCommand {
  const { values, positionals } = parse(args.filter((arg) => arg !== '--'));
  const { help, url, mode, ...fields } = values;
  if (help === true) return { name: 'help' };
  const [name, ...rest] = positionals;
  const given = Object.keys(fields) as Field[];
  if (name !== 'add' && given.length > 0) throw new UsageError(`--${given[0]} goes with add.`);
  if (name !== 'import' && mode !== undefined) throw new UsageError('--mode goes with import.');
  switch (name) {
    case 'list':
      if (rest.length > 0) throw new UsageError('list takes no arguments.');
      return { name, url };
    case 'add':
      if (rest.length > 0 || fields['target-url'] === undefined) throw new UsageError('add takes --target-url URL.');
      return {
        name,
        url,
        ad: Object.fromEntries(given.map((field) => [FIELDS[field], fieldOf(field, fields[field])])),
      };
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

/** The API validates the value. */
function fieldOf(field: Field, text: string | undefined): unknown {
  const number = Number(text);
  return field === 'duration-seconds' && !Number.isNaN(number) ? number : text;
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ id: text, title: text, advertiser: text, campaign: text, 'image-url': text, 'target-url': text },
        ...{ 'duration-seconds': text, status: text, 'starts-at': text, 'ends-at': text },
        ...{ url: text, mode: text, help: { type: 'boolean', short: 'h' } },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}
