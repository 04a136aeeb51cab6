import { createHash } from 'node:crypto';
import type { ReportQuery } from '@ads/contract';
import type { Range } from './range.js';
import { GROUP_COLUMNS, type ReportPosition, type ReportRow } from './read-report.js';

/** Where a page of a report ended. */
export interface ReportCursor {
  /** The range of the first page. It is stored, because the default of `to` is the current time. */
  readonly range: { readonly from: string; readonly to: string };
  readonly after: ReportPosition;
}

const MAX_INT4 = 2 ** 31 - 1;
const NUMBER = /^-?(Infinity|\d+(\.\d+)?(e[-+]\d+)?)$/;

/** The text of a cursor, for `next_cursor`: opaque to callers. It is valid for this query only. */
export function writeReportCursor(query: ReportQuery, { from, to }: Range, after: ReportRow): string {
  const range = [from, to].map((time) => new Date(time).toISOString());
  const labels = GROUP_COLUMNS.map((column) => after[column] ?? '');
  // Numbers as text, because JSON has no infinity.
  const fields = [fingerprintOf(query), ...range, String(after.part), String(after.sort), ...labels];
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

/** Reads a cursor; undefined if {@link writeReportCursor} did not make it for this query. The times are not checked. */
export function readReportCursor(query: ReportQuery, cursor: string): ReportCursor | undefined {
  const fields = parse(cursor);
  if (!Array.isArray(fields) || fields.length !== 5 + GROUP_COLUMNS.length || !fields.every(isText)) return undefined;
  const [fingerprint, from = '', to = '', part = '', sort = '', ...labels] = fields;
  const isPosition = /^\d+$/.test(part) && Number(part) <= MAX_INT4 && NUMBER.test(sort);
  if (fingerprint !== fingerprintOf(query) || !isPosition) return undefined;
  const [ad = '', campaign = '', advertiser = '', event_label = ''] = labels;
  return {
    range: { from, to },
    after: { part: Number(part), sort: Number(sort), ad, campaign, advertiser, event_label },
  };
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** True for a text that Postgres accepts. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

/** A hash of all parameters that choose and order the rows. */
function fingerprintOf({ limit: _limit, cursor: _cursor, format: _format, ...query }: ReportQuery): string {
  const fields = Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url').slice(0, 12);
}
