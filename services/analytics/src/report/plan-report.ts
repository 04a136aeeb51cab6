import {
  invalidFields,
  otherAdvertiser,
  REPORT_PARTS,
  REPORT_ROWS,
  type ReportQuery,
  readReportQuery,
  shareForbidden,
} from '@ads/contract';
import type { SharedAds } from '@ads/http';
import { EVENT_GROUPS, type EventGroup, GROUPS, METRIC_NAMES, METRICS, type MetricName } from '@ads/models';
import { cutRange, formatMoment, type Part } from './intervals.js';
import { type Range, readRange } from './range.js';
import { MINUTES, QUARTER_HOURS, type ReportRequest } from './read-report.js';
import { type ReportCursor, readReportCursor } from './report-cursor.js';
import { wholeDays } from './whole-days.js';

/** A checked query, and what to read for it. */
export interface ReportPlan extends Omit<ReportRequest, 'most'>, Range {
  readonly query: ReportQuery;
  readonly parts: readonly Part[];
  readonly format: NonNullable<ReportQuery['format']>;
}

export interface PlanOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The format of a query without one. Default: JSON. */
  readonly preferred?: ReportPlan['format'];
  /** The only one whose ads the caller may read; undefined for all ads. */
  readonly advertiser?: string | undefined;
  /** The ad or campaign that the caller may read; undefined for all ads. */
  readonly share?: SharedAds | undefined;
  /** Reads the first minute that a report by minute may have, in milliseconds since the epoch. */
  readonly readOldestMinute: () => Promise<number>;
}

const HOUR_MS = 3_600_000;

/**
 * @param text the part of the URL after the question mark
 * @throws ApiError 400, 403, or the error of `readOldestMinute`
 */
export async function planReport(text: string, options: PlanOptions): Promise<ReportPlan> {
  const { preferred = 'json' } = options;
  const parsed = readReportQuery(text);
  if (parsed.state === 'invalid') throw invalidFields(parsed.details);
  const query = ofShare(ofAdvertiser(parsed.query, options.advertiser), options.share);
  const { tz, interval } = query;
  const rollup = interval === 'minute' ? MINUTES : QUARTER_HOURS;
  const label = eventLabelOf(query);
  const cursor = cursorOf(query);
  const { from, to } = await rangeOf({ ...query, ...cursor?.range }, options, rollup.milliseconds);
  const metrics = metricsOf(query);
  checkOrder(query);
  const format = query.format ?? preferred;
  const isWhole = format === 'json' && query.limit === undefined;
  const parts = cutRange(from, to, interval, tz, isWhole ? REPORT_ROWS : REPORT_PARTS);
  if (parts === undefined) throw isWhole ? tooManyRows() : tooManyParts();
  const bounds = [...parts.map((part) => part.from), to].map((time) => Math.floor(time / rollup.milliseconds));
  const hasDays = interval in BY_DAYS && (label === undefined || label === 'verdict');
  const days = hasDays ? wholeDays({ from, to }, bounds, tz, options.now) : [];
  return { query, from, to, parts, rollup, label, bounds, days, metrics, after: cursor?.after, format };
}

/** The query for the ads of an advertiser only. @throws ApiError 403 if it asks for another one */
function ofAdvertiser(query: ReportQuery, advertiser: string | undefined): ReportQuery {
  if (advertiser === undefined) return query;
  if (query.advertiser?.some((asked) => asked !== advertiser)) throw otherAdvertiser(advertiser);
  return { ...query, advertiser: [advertiser] };
}

/** The query for the ad or campaign of a share only. @throws ApiError 403 if it asks for another one */
function ofShare(query: ReportQuery, share: SharedAds | undefined): ReportQuery {
  if (share === undefined) return query;
  const [field, value] =
    share.adId === undefined ? (['campaign', share.campaign] as const) : (['ad_id', share.adId] as const);
  if (value === undefined || query[field]?.some((asked) => asked !== value)) throw shareForbidden(field);
  return { ...query, [field]: [value] };
}

/** The intervals that consist of days, except at the ends of the range. */
const BY_DAYS: Readonly<Partial<Record<ReportQuery['interval'], true>>> = {
  day: true,
  week: true,
  month: true,
  total: true,
};

/** The label of events, or the verdict, that the query groups or filters by. @throws ApiError for more than one, and for minutes */
function eventLabelOf(query: ReportQuery): EventGroup | undefined {
  const labels = EVENT_GROUPS.filter((name) => query.group_by.includes(name) || query[name] !== undefined);
  const [label, other] = labels;
  const refuse = (message: string) =>
    invalidFields([
      { path: labels.some((name) => query.group_by.includes(name)) ? 'group_by' : String(label), message },
    ]);
  if (other !== undefined) {
    throw refuse(`the report can group or filter by one of ${EVENT_GROUPS.join(', ')}, not by ${labels.join(' and ')}`);
  }
  if (label !== undefined && query.interval === 'minute') {
    throw refuse(`the report cannot group or filter by ${label} with interval=minute; use interval=quarter_hour`);
  }
  return label;
}

/** @throws ApiError */
function cursorOf(query: ReportQuery): ReportCursor | undefined {
  if (query.cursor === undefined) return undefined;
  const cursor = readReportCursor(query, query.cursor);
  if (cursor !== undefined) return cursor;
  const message = 'cursor must be the next_cursor of the previous page, with the other parameters of that page';
  throw invalidFields([{ path: 'cursor', message }]);
}

/** The range of a query in milliseconds, at whole buckets. @throws ApiError */
async function rangeOf(query: ReportQuery, { now, readOldestMinute }: PlanOptions, bucketMs: number): Promise<Range> {
  if (query.interval !== 'minute') return readRange(query, { now, wholeMs: bucketMs });
  const oldest = await readOldestMinute();
  const range = readRange(query, { now, wholeMs: bucketMs, firstBefore: (to) => Math.max(oldest, to - HOUR_MS) });
  if (range.from >= oldest) return range;
  const message = `from must not be before ${formatMoment(oldest, query.tz)} with interval=minute, because earlier minutes are not kept; use interval=quarter_hour`;
  throw invalidFields([{ path: 'from', message }]);
}

/** @throws ApiError */
function metricsOf({ metrics, interval }: ReportQuery): readonly MetricName[] {
  const available = METRIC_NAMES.filter((name) => interval !== 'minute' || METRICS[name].perMinute);
  const missing = metrics?.find((name) => !available.includes(name));
  if (missing === undefined) return metrics ?? available;
  throw invalidFields([
    { path: 'metrics', message: `metrics must not contain ${missing} if interval=minute; use interval=quarter_hour` },
  ]);
}

/** @throws ApiError */
function checkOrder({ order, group_by, interval }: ReportQuery): void {
  if (order === undefined) return;
  const { by } = order;
  const refuse = (message: string) => invalidFields([{ path: 'order', message: `order cannot be ${by} ${message}` }]);
  if (by === 'time' && interval === 'total') throw refuse('with interval=total, which has no time');
  const label = GROUPS.find((name) => name === by);
  if (label !== undefined && !group_by.includes(label)) throw refuse(`without group_by=${by}`);
  const metric = METRIC_NAMES.find((name) => name === by);
  if (metric !== undefined && interval === 'minute' && !METRICS[metric].perMinute) {
    throw refuse('with interval=minute; use interval=quarter_hour');
  }
}

export function tooManyRows() {
  const message = `the report has more than ${REPORT_ROWS} rows in JSON; use format=csv, limit, a shorter range, a longer interval, fewer groups, or a filter`;
  return invalidFields([{ path: 'interval', message }]);
}

function tooManyParts() {
  const message = `the report has more than ${REPORT_PARTS} intervals; use a shorter range or a longer interval`;
  return invalidFields([{ path: 'interval', message }]);
}
