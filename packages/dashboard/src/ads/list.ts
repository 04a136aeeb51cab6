import type { Ad, AdStatus } from '@ads/models';
import type { AdsPage } from '../api/ad-answers.js';
import type { Report, ReportRow } from '../api/answers.js';
import { read } from '../api/client.js';
import { addDays, BROWSER_ZONE, dateIn } from '../format/times.js';
import { STATUS_LABELS } from './ad-fields.js';

/** Everything that a user chooses in the list. It is in the address. */
export interface ListChoice {
  readonly q: string;
  readonly status: AdStatus | '';
  readonly campaign: string;
  readonly advertiser: string;
  /** The end of the page before; empty for the first page. */
  readonly cursor: string;
}

/** A page of the list. */
export interface AdsList {
  readonly ads: readonly Ad[];
  /** The cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

const PAGE = 50;
/**
 * The most pages of the API for one page of the list. With filters, the API examines 20,000 ads per page, and may return few or
 * none.
 */
const MOST_READS = 10;
/** The days of the counts beside the ads, with today. */
const DAYS = 7;

export function readListChoice(parameters: URLSearchParams): ListChoice {
  const given = (name: string) => parameters.get(name) ?? '';
  const status = given('status');
  return {
    q: given('q'),
    status: Object.hasOwn(STATUS_LABELS, status) ? (status as AdStatus) : '',
    campaign: given('campaign'),
    advertiser: given('advertiser'),
    cursor: given('cursor'),
  };
}

/** The parameters of the address of a choice. */
export function writeListChoice(choice: ListChoice): Record<string, string> {
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== ''));
}

/** True if the choice leaves ads out. */
export function isFiltered({ cursor: _, ...filters }: ListChoice): boolean {
  return Object.values(filters).some((value) => value !== '');
}

/** Reads a page, newest ads first. With filters, several pages of the API may make one. */
export async function readAdsList(choice: ListChoice, signal: AbortSignal): Promise<AdsList> {
  const ads: Ad[] = [];
  let { cursor } = choice;
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    const query = { ...choice, cursor, sort: 'newest', limit: PAGE - ads.length };
    const page = await read<AdsPage>('/ads', query, signal);
    ads.push(...page.ads);
    if (page.next_cursor === null) return { ads, next: undefined };
    cursor = page.next_cursor;
    if (ads.length >= PAGE) break;
  }
  return { ads, next: cursor };
}

/** The counts of ads in the last seven days, by id. */
export async function readCounts(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ReportRow>> {
  if (ids.length === 0) return new Map();
  const from = addDays(dateIn(Date.now(), BROWSER_ZONE), 1 - DAYS);
  const query = { from, tz: BROWSER_ZONE, interval: 'total', group_by: 'ad', metrics: 'clicks,impressions' };
  const { rows } = await read<Report>('/ads/analytics/report', { ...query, ad_id: ids }, signal);
  return new Map(rows.map((row) => [row.ad ?? '', row]));
}

/** The page before each page that was opened: the API has cursors in one direction only. */
const before = new Map<string, string>();

export function rememberPage(cursor: string, next: string): void {
  before.set(next, cursor);
}

/** The cursor of the page before; undefined on the first page, or if the address was opened directly. */
export function pageBefore(cursor: string): string | undefined {
  return before.get(cursor);
}
