import type { RowFormat } from '@ads/contract';
import { stringify } from 'csv-stringify/sync';

/** A value of a cell: null is empty in CSV. */
export type Cell = string | number | boolean | null;

/** Writes rows of named columns as text. */
export interface RowWriter {
  readonly contentType: string;
  /** The text before the first row. */
  readonly head: string;
  readonly write: (rows: readonly (readonly Cell[])[]) => string;
}

/** @param columns the names of the columns */
export function rowWriter(format: RowFormat, columns: readonly string[]): RowWriter {
  return format === 'csv' ? csvWriter(columns) : ndjsonWriter(columns);
}

const CSV = { record_delimiter: 'windows', eof: false, escape_formulas: true } as const;
/** Texts that CSV has as they are: nothing to quote, and no formula. */
const PLAIN = /^[A-Za-z0-9][^",\r\n]*$/;

/**
 * CSV by RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it: players choose ids and labels.
 *
 * The library writes only the texts that are not plain, because it takes most of the CPU time of an export otherwise.
 */
function csvWriter(columns: readonly string[]): RowWriter {
  const textOf = (cell: Cell) => {
    if (cell === null || cell === '') return '';
    return typeof cell !== 'string' || PLAIN.test(cell) ? String(cell) : stringify([[cell]], CSV);
  };
  const line = (row: readonly Cell[]) => `${row.map(textOf).join()}\r\n`;
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: line(columns),
    write: (rows) => rows.map(line).join(''),
  };
}

/** One JSON object per line. */
function ndjsonWriter(columns: readonly string[]): RowWriter {
  const keys = columns.map((name) => `${JSON.stringify(name)}:`);
  const line = (row: readonly Cell[]) => `{${row.map((cell, at) => `${keys[at]}${JSON.stringify(cell)}`).join()}}\n`;
  return { contentType: 'application/x-ndjson', head: '', write: (rows) => rows.map(line).join('') };
}
