import { readFileSync } from 'node:fs';
import { API_PREFIX, ENDPOINTS, type ReportQuery, type RowFormat, readReportQuery } from '@ads/contract';
import { AD_LABELS, EVENT_GROUPS, type Interval, METRIC_NAMES, METRICS, type MetricName } from '@ads/models';
import type pg from 'pg';
import { differences } from './counters.js';

const EXPECTED_REPORT = readFileSync(new URL('../../sql/expected-report.sql', import.meta.url), 'utf8');
const TIMEOUT_MS = 20_000;
const DAY_MS = 86_400_000;
/** A report over every event. */
const ALWAYS = 'from=1970-01-01&to=2100-01-01&interval=total';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reports whose rows contain every event, and the hours around a time in a zone whose hours begin between those of UTC.
 *
 * @param now milliseconds
 */
export function reportsUntil(now: number): string[] {
  const [from, to] = [now - 2 * DAY_MS, now + DAY_MS].map((time) => new Date(time).toISOString().slice(0, 10));
  return [
    `${ALWAYS}&group_by=ad`,
    `${ALWAYS}&group_by=advertiser,placement`,
    `${ALWAYS}&group_by=ad,verdict`,
    `from=${from}&to=${to}&interval=hour&tz=Asia/Kathmandu`,
  ];
}

/**
 * Compares reports with a count of the stored events, row by row and metric by metric, gaps included, and their CSV and NDJSON
 * with their JSON.
 *
 * @param queries of the report, with `from` and `to`, and without `limit`
 * @returns one line for each wrong row
 */
export async function compareReports(url: string, database: pg.Pool, queries: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const text of queries) {
    const [rows, should] = await Promise.all([askReport(url, text), expectedRows(database, text)]);
    const { query } = parse(text);
    const found = rows.map((row) => [keyOf(row, query), metricsOf(row, query)] as const);
    wrong.push(...differences(`report ${text} row`, should, new Map(found), 'none'));
    if (new Set(found.map(([key]) => key)).size < found.length) wrong.push(`the report ${text} has a row twice`);
    const others = await Promise.all([
      compareText(url, text, 'csv', csvOf(rows, query)),
      compareText(url, text, 'ndjson', ndjsonOf(rows)),
    ]);
    wrong.push(...others.flat());
  }
  return wrong;
}

/**
 * Checks that the gross clicks and impressions of each ad are its net ones and those of every verdict on invalid events together.
 *
 * @returns one line for each wrong sum
 */
export async function compareGross(url: string): Promise<string[]> {
  const [ads, verdicts] = await Promise.all(
    ['ad', 'ad,verdict'].map((groups) => askReport(url, `${ALWAYS}&group_by=${groups}`)),
  );
  const invalid = verdicts?.filter(({ verdict }) => verdict !== 'valid') ?? [];
  return ['clicks', 'impressions'].flatMap((counted) => {
    const sumOf = (rows: readonly Fields[]) => rows.reduce((sum, row) => sum + Number(row[`gross_${counted}`]), 0);
    const sums = ads?.map((row) => {
      const ofVerdicts = sumOf(invalid.filter(({ ad }) => ad === row.ad));
      return { ad: String(row.ad), gross: sumOf([row]), parts: Number(row[counted]) + ofVerdicts };
    });
    const byAd = (of: 'gross' | 'parts') => new Map(sums?.map((sum) => [sum.ad, sum[of]]));
    return differences(`the sum of net and invalid ${counted} of`, byAd('gross'), byAd('parts'), 0);
  });
}

async function askReport(url: string, query: string): Promise<readonly Fields[]> {
  const { rows } = JSON.parse(await readText(url, query)) as { readonly rows: readonly Fields[] };
  return rows;
}

/** @throws Error if the status is not 200 */
async function readText(url: string, query: string): Promise<string> {
  const answer = await fetch(`${url}${API_PREFIX}${ENDPOINTS.report.path}?${query}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the report ${query} returned ${answer.status}: ${text}`);
  return text;
}

/** Compares a report in another format with its rows in JSON, line by line. */
async function compareText(url: string, query: string, format: RowFormat, wanted: string): Promise<string[]> {
  const found = await readText(url, `${query}&format=${format}`);
  if (found === wanted) return [];
  const [should, is] = [wanted, found].map((text) => text.split('\n')) as [string[], string[]];
  const line = Array.from({ length: should.length + 1 }, (_, index) => index).find(
    (index) => should[index] !== is[index],
  );
  return [`line ${line} of ${format} of the report ${query} should be ${should[line ?? 0]} but is ${is[line ?? 0]}`];
}

function ndjsonOf(rows: readonly Fields[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function csvOf(rows: readonly Fields[], query: ReportQuery): string {
  const time = query.interval === 'total' ? [] : ['time'];
  const names = [...time, ...query.group_by, ...metricNames(query), 'final'];
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((cells) => `${cells.map(cellOf).join()}\r\n`)
    .join('');
}

/** A cell by RFC 4180, with an apostrophe before a formula. */
function cellOf(value: unknown): string {
  const text = String(value ?? '');
  const disarmed = typeof value === 'string' && /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",]/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed;
}

/** The metrics of each row, as text, by its key. */
async function expectedRows(database: pg.Pool, text: string): Promise<ReadonlyMap<string, string>> {
  const { query, label } = parse(text);
  const { from, to, tz, interval, group_by, ad_id, campaign, advertiser } = query;
  const listed = label === undefined ? undefined : query[label];
  const { rows } = await database.query<Fields & { readonly time: string; readonly labels: readonly string[] }>(
    EXPECTED_REPORT,
    [from, to, tz, interval, group_by, ad_id, campaign, advertiser, label, listed],
  );
  return new Map(rows.map((row) => [JSON.stringify([row.time, ...row.labels]), metricsOf(row, query)]));
}

function parse(text: string) {
  const parsed = readReportQuery(text);
  if (parsed.state === 'invalid') throw new Error(`${text}: ${JSON.stringify(parsed.details)}`);
  const { query } = parsed;
  const label = EVENT_GROUPS.find((name) => query.group_by.includes(name) || query[name] !== undefined);
  return { query, label };
}

/** The interval and the groups of a row of a report, as `expected-report.sql` returns them. */
function keyOf(row: Fields, { interval, group_by }: ReportQuery): string {
  const ofEvents = EVENT_GROUPS.find((name) => group_by.includes(name));
  const labels = [...AD_LABELS, ofEvents].map((name) => (name === undefined ? null : (row[name] ?? null)));
  return JSON.stringify([timeOf(row.time, interval), ...labels]);
}

/** `2026-04-05` for days and longer, and `2026-04-05T01:00 630` for shorter intervals: the offset is in minutes. */
function timeOf(time: unknown, interval: Interval): string {
  if (interval === 'total') return time === undefined ? '' : String(time);
  const [, date = '', clock = '', sign = '', hours, minutes] =
    /^(\S+)T(\d\d:\d\d):00([+-])(\d\d):(\d\d)$/.exec(String(time)) ?? [];
  if (interval === 'day' || interval === 'week' || interval === 'month') return date;
  const offset = Number(hours) * 60 + Number(minutes);
  // An hour that begins at a change of the clocks may begin within an hour of the clock.
  const start = interval === 'hour' ? `${clock.slice(0, 2)}:00` : clock;
  return `${date}T${start} ${sign === '-' ? -offset : offset}`;
}

function metricsOf(row: Fields, query: ReportQuery): string {
  return JSON.stringify(metricNames(query).map((name) => `${name} ${row[name]}`));
}

function metricNames({ interval, metrics }: ReportQuery): readonly MetricName[] {
  return metrics ?? METRIC_NAMES.filter((name) => interval !== 'minute' || METRICS[name].perMinute);
}
