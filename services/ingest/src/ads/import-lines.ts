import { invalidRequest } from '@ads/contract';
import { toAdBody } from './flat-ad.js';

/** The format of an import, by its content type. */
export const IMPORT_FORMATS: ReadonlyMap<string, ImportFormat> = new Map([
  ['text/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]);
export type ImportFormat = 'csv' | 'ndjson';

/** A line of an import. */
export interface ImportLine {
  /** Counts from 1. */
  readonly line: number;
  /** The ad as the client wrote it, or a message for a line that is no ad. */
  readonly ad: { readonly body: unknown } | { readonly problem: string };
}

/** @throws ApiError 400 if the text is not CSV */
export async function readImportLines(format: ImportFormat, text: string): Promise<ImportLine[]> {
  return format === 'csv' ? await readCsv(text) : readNdjson(text);
}

function readNdjson(text: string): ImportLine[] {
  return text.split('\n').flatMap((one, index) => {
    if (one.trim() === '') return [];
    return [{ line: index + 1, ad: jsonOf(one) }];
  });
}

function jsonOf(text: string): ImportLine['ad'] {
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return { problem: 'line must be a JSON object' };
  }
}

interface CsvRecord {
  readonly record: readonly string[];
  /** `lines`: the lines up to the end of the record. */
  readonly info: { readonly lines: number };
}

async function readCsv(text: string): Promise<ImportLine[]> {
  const [head, ...rest] = await parseCsv(text);
  const names = head?.record.map((name) => name.trim()) ?? [];
  if (new Set(names).size < names.length) {
    throw invalidRequest('The first line of the CSV must name each field once.');
  }
  return rest.map(({ record, info: { lines: line } }) => {
    if (record.length !== names.length) {
      return { line, ad: { problem: `line must have ${names.length} columns like the first line` } };
    }
    const texts = names.flatMap((name, column): [string, string][] => {
      const text = record[column]?.trim() ?? '';
      return text === '' ? [] : [[name, text]];
    });
    return { line, ad: { body: toAdBody(texts) } };
  });
}

async function parseCsv(text: string): Promise<CsvRecord[]> {
  // Imports are rare, so the first one loads the parser.
  const { CsvError, parse } = await import('csv-parse/sync');
  try {
    const options = { info: true, relax_column_count: true, skip_empty_lines: true } as const;
    return parse(text, options) as unknown as CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { readonly lines?: unknown };
    throw invalidRequest(`The body is not valid CSV near line ${lines}; check its quotes.`);
  }
}
