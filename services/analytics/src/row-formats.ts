import type { RowFormat } from '@ads/contract';
import { stringify } from 'csv-stringify/sync';

/** A value of a cell: null is empty in CSV. Numbers take as many columns as there are of them. */
export type Cell = string | number | boolean | null | Numbers;

/** Some numbers as text, separated by commas, with nothing for null: as CSV has them. */
interface Numbers {
  readonly numbers: string;
}

/** Reads a record of numbers, such as `(12,0.5,)`: the text of a value of type `record` in Postgres. */
export function recordNumbers(record: string): Numbers {
  const text = record.slice(1, -1);
  // Postgres writes 5e-05, and JavaScript 0.00005.
  return { numbers: text.includes('e') ? text.replaceAll(/[^,]+/g, (number) => String(Number(number))) : text };
}

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
    if (typeof cell === 'object') return cell.numbers;
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
  const keys = columns.map((name, at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (row) => {
    let text = '';
    let at = 0;
    const write = (value: string) => {
      text += keys[at] + value;
      at += 1;
    };
    for (const cell of row) {
      if (typeof cell !== 'object' || cell === null) write(JSON.stringify(cell));
      else for (const number of cell.numbers.split(',')) write(number === '' ? 'null' : number);
    }
    return `${text}}`;
  };
}
