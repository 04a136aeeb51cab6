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
  const object = objectWriter(columns);
  const line = (row: readonly Cell[]) => `${object(row)}\n`;
  return { contentType: 'application/x-ndjson', head: '', write: (rows) => rows.map(line).join('') };
}

/** Returns a function that writes a row as a JSON object. Numbers must be finite. */
export function objectWriter(columns: readonly string[]): (row: readonly Cell[]) => string {
  const keys = columns.map((name, at) => `${at === 0 ? '' : ','}${JSON.stringify(name)}:`);
  return (row) => {
    let text = '{';
    for (let at = 0; at < keys.length; at += 1) {
      const cell = row[at];
      text += `${keys[at]}${typeof cell === 'string' ? JSON.stringify(cell) : cell}`;
    }
    return `${text}}`;
  };
}
