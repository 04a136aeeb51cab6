import type { AdsPageQuery, AdsSort, Position } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { onlyRow } from './only-row.js';

/** A page of the list of ads. */
export interface AdsSlice {
  /** JSON objects, separated by commas. */
  readonly ads: string;
  readonly count: number;
  /** Where the next page begins; undefined on the last page. */
  readonly next: Position | undefined;
}

/**
 * The most ads that one page examines, which takes Postgres some 25 ms. It bounds the cost of a page where no index finds the ads:
 * of a search for a text, and of a combination of filters.
 */
const MOST_EXAMINED = 20_000;

/** Columns that have an index by creation time, the most selective one first, and the parameters that they are compared with. */
const INDEXED = [
  ['campaign', '$4'],
  ['advertiser', '$5'],
  ['status', '$6'],
] as const;

const TEMPLATE = readText('sql/read-ads-page.sql');

interface Statements {
  readonly unfiltered: string;
  readonly filtered: readonly { readonly column: (typeof INDEXED)[number][0]; readonly sql: string }[];
}

/**
 * The statements of one order. `first` is the time before or after all pages: the newest ads must not have a time that a cursor
 * cannot hold, because such a time ends the list.
 */
function statementsOf(beyond: '<' | '>', first: string, direction: '' | ' DESC'): Statements {
  const end = `coalesce(timestamptz 'epoch' + $1::float8 * interval '1 microsecond', '${first}'), coalesce($2, '')`;
  const isNotPast = beyond === '>' ? '<=' : '>=';
  const fillIn = (range: string, columns: readonly string[]): string =>
    TEMPLATE.replaceAll(':range', () => range)
      .replaceAll(':order', () => orderOf(columns))
      .replaceAll(':sort', () => orderOf(['created_at', 'id']));
  const orderOf = (columns: readonly string[]): string => columns.map((column) => `${column}${direction}`).join(', ');
  return {
    unfiltered: fillIn(`(created_at, id) ${beyond} (${end})`, ['created_at', 'id']),
    // A range is used, because for an equality Postgres may choose the index by creation time and read all ads.
    filtered: INDEXED.map(([column, parameter]) => ({
      column,
      sql: fillIn(
        `(${column}, created_at, id) ${beyond} (${parameter}, ${end}) AND ${column} ${isNotPast} ${parameter}`,
        [column, 'created_at', 'id'],
      ),
    })),
  };
}

const STATEMENTS: Readonly<Record<AdsSort, Statements>> = {
  oldest: statementsOf('>', '-infinity', ''),
  newest: statementsOf('<', '2255-01-01', ' DESC'),
};

/**
 * Reads a page. With a filter it may have fewer ads than `limit`, or none, although more follow.
 *
 * @param examined the most ads to examine; more than `limit`
 */
export async function readAdsPage(
  database: Database,
  { limit, sort = 'oldest', after, ...filter }: AdsPageQuery,
  examined = MOST_EXAMINED,
): Promise<AdsSlice> {
  const { unfiltered, filtered } = STATEMENTS[sort];
  const sql = filtered.find(({ column }) => filter[column] !== undefined)?.sql ?? unfiltered;
  const { campaign = null, advertiser = null, status = null, q = null } = filter;
  const rows = await database.query<{
    ads: string;
    count: number;
    last_created: number | null;
    last_id: string | null;
  }>('read_ads_page', sql, [after?.[0] ?? null, after?.[1] ?? null, limit, campaign, advertiser, status, q, examined]);
  const { ads, count, last_created: created, last_id: id } = onlyRow(rows);
  return { ads, count, next: created === null || id === null ? undefined : [created, id] };
}
