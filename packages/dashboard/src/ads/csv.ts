/** A CSV: its records in order, without empty lines. */
export type CsvRecords = readonly (readonly string[])[];

/** A field, quoted or not, and what ends it. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"[^,\r\n]*|([^,\r\n]*))(,|\r\n|\r|\n|$)/gy;

/**
 * Reads a CSV to show it. The API reads the same text, and decides whether it is valid.
 *
 * @param text with commas, and quotes as in RFC 4180
 */
export function readCsv(text: string): CsvRecords {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(FIELD)) {
    record.push((quoted?.replaceAll('""', '"') ?? plain).trim());
    if (end === ',') continue;
    // The API skips empty lines only: a space and "" are records.
    const isEmpty = record.length === 1 && quoted === undefined && plain === '';
    if (!isEmpty) records.push(record);
    record = [];
  }
  return records;
}

/** The value of a column for each record after the first, which names the columns; empty where a record has none. */
export function columnOf([names = [], ...rows]: CsvRecords, name: string): readonly string[] {
  const at = names.indexOf(name);
  return rows.map((row) => row[at] ?? '');
}
