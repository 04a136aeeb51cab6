import type { AdsPageQuery, Position } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { onlyRow } from './only-row.js';

/** A page of the list of ads, oldest first. */
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
const SINCE = "coalesce(timestamptz 'epoch' + $1::float8 * interval '1 microsecond', '-infinity'), coalesce($2, '')";
const UNFILTERED = fillIn(`(created_at, id) > (${SINCE})`, 'created_at, id');
/** A range is used, because for an equality Postgres may choose the index by creation time and read all ads. */
const FILTERED = INDEXED.map(([column, parameter]) => ({
  column,
  sql: fillIn(
    `(${column}, created_at, id) > (${parameter}, ${SINCE}) AND ${column} <= ${parameter}`,
    `${column}, created_at, id`,
  ),
}));

function fillIn(range: string, order: string): string {
  return TEMPLATE.replaceAll(':range', () => range).replaceAll(':order', () => order);
}

/**
 * Reads a page. With a filter it may have fewer ads than `limit`, or none, although more follow.
 *
 * @param examined the most ads to examine; more than `limit`
 */
export async function readAdsPage(
  database: Database,
  { limit, after, ...filter }: AdsPageQuery,
  examined = MOST_EXAMINED,
): Promise<AdsSlice> {
  const sql = FILTERED.find(({ column }) => filter[column] !== undefined)?.sql ?? UNFILTERED;
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
