import { readFileSync } from 'node:fs';
import type { ReportQuery } from '@ads/contract';
import { DAY_QUARTERS, type Database } from '@ads/ledger';
import {
  AD_LABELS,
  type AdLabel,
  COUNT_COLUMNS,
  type CountedLabel,
  type CountName,
  type EventGroup,
  type GroupName,
  groupNumber,
  INVALID_COLUMNS,
  METRICS,
  type MetricName,
} from '@ads/models';

const READ_REPORT = readFileSync(new URL('../../sql/read-report.sql', import.meta.url), 'utf8');

/** A rollup that reports are summed from. */
export interface Rollup {
  readonly table: string;
  readonly column: string;
  readonly milliseconds: number;
  readonly counts: readonly CountName[];
}

export const MINUTES: Rollup = {
  table: 'counts_per_minute',
  column: 'minute',
  milliseconds: 60_000,
  counts: ['clicks', 'impressions'],
};
export const QUARTER_HOURS: Rollup = {
  table: 'counts_per_quarter_hour',
  column: 'quarter_hour',
  milliseconds: 900_000,
  counts: [...COUNT_COLUMNS, 'play_times', 'play_time_ms'],
};

const INVALID: ReadonlySet<CountName> = new Set(INVALID_COLUMNS);

/** The condition of each filter that a query has. A query without it gets a plan of its own. */
const FILTERS: Readonly<Record<AdLabel, readonly [condition: string, parameter: string]>> = {
  ad: ['ad_id = ANY($2)', '$2::text[]'],
  campaign: ['ads.campaign = ANY($3)', '$3::text[]'],
  advertiser: ['ads.advertiser = ANY($4)', '$4::text[]'],
};

/** The columns of the groups of a row. Labels of events and the verdict share one, because a report has at most one of them. */
export const GROUP_COLUMNS = [...AD_LABELS, 'event_label'] as const;
type GroupColumn = (typeof GROUP_COLUMNS)[number];

export function groupColumn(name: GroupName): GroupColumn {
  return AD_LABELS.find((label) => label === name) ?? 'event_label';
}

/** The expression of each group. Postgres compares texts in the order of their bytes, as JavaScript does. */
const GROUP_VALUES: Readonly<Record<GroupColumn, string>> = {
  ad: 'ad_id COLLATE "C"',
  campaign: `coalesce(ads.campaign, '') COLLATE "C"`,
  advertiser: `coalesce(ads.advertiser, '') COLLATE "C"`,
  event_label: 'value COLLATE "C"',
};

function groupColumns(group_by: readonly GroupName[]): readonly GroupColumn[] {
  const grouped = group_by.map(groupColumn);
  return GROUP_COLUMNS.filter((column) => grouped.includes(column));
}

/** It has the columns of the groups of its report only. A text is empty for a label that is null. */
export type ReportRow = Readonly<Partial<Record<GroupColumn, string>>> & {
  /** The place of its part in the range. */
  readonly part: number;
  /** The value of the metric that orders the rows; infinite where the metric is null, and 0 without such a metric. */
  readonly sort: number;
  /** The metrics in the order of the request, as {@link recordNumbers} reads them. A column per metric takes twice the time. */
  readonly metrics: string;
};

/** The columns of a row, in the order in which Postgres returns them. */
export function rowColumns(group_by: readonly GroupName[]): readonly string[] {
  return ['part', ...groupColumns(group_by), 'sort', 'metrics'];
}

/** The place of a row in the order of a report. Texts are empty for labels that are null, or that the report does not group by. */
export type ReportPosition = Pick<ReportRow, 'part' | 'sort'> & Readonly<Record<GroupColumn, string>>;

/** The selection and grouping of a report. */
export interface ReportRequest {
  readonly query: Pick<ReportQuery, 'ad_id' | 'campaign' | 'advertiser' | EventGroup | 'group_by' | 'order'>;
  readonly rollup: Rollup;
  /** The label of events, or `verdict`, that the report groups or filters by. */
  readonly label: EventGroup | undefined;
  /** The first bucket of each part, ascending, and the bucket after the last part. */
  readonly bounds: readonly number[];
  readonly metrics: readonly MetricName[];
  /** The first quarter-hours of days that are each in one part, ascending. Their counts per day are read where they are built. */
  readonly days: readonly number[];
  /** The rows begin after this one. */
  readonly after: ReportPosition | undefined;
  /** The maximum number of rows. */
  readonly most: number | null;
}

/**
 * Reads the rows of a report.
 *
 * @throws DependencyUnavailable when Postgres is unavailable
 */
export async function readReport(database: Database, request: ReportRequest): Promise<ReportRow[]> {
  const [text, values] = reportStatement(request);
  return await database.query<ReportRow>('read_report', text, values);
}

/** The statement of a report, whose columns are {@link rowColumns}, and its parameters. */
export function reportStatement({
  query,
  rollup,
  label,
  bounds,
  days,
  metrics,
  after,
  most,
}: ReportRequest): [string, unknown[]] {
  const { ad_id, campaign, advertiser, group_by, order } = query;
  const values = { ad: ad_id, campaign, advertiser };
  const filters = AD_LABELS.map((label) => {
    const [condition, parameter] = FILTERS[label];
    return `AND ${values[label] === undefined ? `${parameter} IS NULL` : condition}`;
  });
  const listed = label === undefined ? undefined : query[label];
  const groups = groupColumns(group_by);
  const keys = keysOf(order, groups);
  const counts = rollup.counts.filter((count) => isCounted(count, metrics, order));
  const parts: Readonly<Record<string, string>> = {
    rollup: sourceOf({ query, rollup, label, days }, counts),
    bucket: rollup.column,
    filters: [...filters, listed === undefined ? 'AND $5::text[] IS NULL' : 'AND value = ANY($5)'].join(' '),
    values: groups.map((column) => `, ${GROUP_VALUES[column]} AS ${column}`).join(''),
    places: groups.map((_, place) => `, ${place + 2}`).join(''),
    // A group that has no event in the range, such as that without a label, has no row.
    present: groups.includes('event_label')
      ? `(${rollup.counts.map((count) => `sum(${count})`).join(', ')}) <> (${rollup.counts.map(() => 0).join(', ')})`
      : 'true',
    // A sum of whole numbers is exact as a float, and faster than the numeric sum of bigints.
    sums: counts.map((count) => `, sum(${count}::float8) AS ${count}`).join(''),
    groups: groups.map((column) => `, ${column}`).join(''),
    // A report without groups has rows of zeros even where nothing is counted.
    each: groups.length === 0 ? '' : `CROSS JOIN (SELECT DISTINCT ${groups.join(', ')} FROM sums) AS groups`,
    counts: counts.map((count) => `, ${count}`).join(''),
    sort: sortValue(order),
    metrics: metrics.map(metricValue).join(', '),
    order: keys.map(({ name, isDescending }) => `${name} ${isDescending ? 'DESC' : 'ASC'}`).join(', '),
    after: after === undefined ? 'true' : comparison(keys),
  };
  const text = READ_REPORT.replaceAll(/(?<!:):([a-z]+)/g, (_, name: string) => parts[name] ?? '');
  return [
    text,
    [
      bounds,
      ad_id ?? null,
      campaign ?? null,
      advertiser ?? null,
      listed ?? null,
      most,
      days,
      ...(after === undefined ? [] : keys.map(({ name }) => after[name])),
    ],
  ];
}

/** True if a metric of the rows or of their order needs the count. */
function isCounted(count: CountName, metrics: readonly MetricName[], order: ReportQuery['order']): boolean {
  return [...metrics, order?.by].some((name) => {
    const { sum, per = [] } = METRICS[name as MetricName] ?? { sum: [] };
    return sum.includes(count) || per.includes(count);
  });
}

/** The rows that the report sums: counts of an ad in a bucket. */
function sourceOf(
  { query, rollup, label, days }: Pick<ReportRequest, 'query' | 'rollup' | 'label' | 'days'>,
  counts: readonly CountName[],
): string {
  const all = (these: readonly CountName[]) =>
    days.length === 0 ? rollup.table : `(${countsWithDays(rollup, these)}) AS counted`;
  if (label === undefined) return all(counts);
  const rows =
    label === 'verdict' ? countsByVerdict(rollup, query.verdict, all) : countsByLabel(rollup, label, query[label]);
  return `(${rows}) AS labelled`;
}

/**
 * The counts of built days, except of ads with late events, and the quarter-hours of all other times. The names are those of
 * read-report.sql. counts_per_day has rows of built days only.
 *
 * The rows of days are read as they are stored, because most rows are theirs: `NOT EXISTS` would be a join, and another order or
 * type of the columns a step of its own. Together these take a fifth of the time.
 */
function countsWithDays({ table, column }: Rollup, counts: readonly CountName[]): string {
  const held = `SELECT held.${column}, ${counts.map((count) => `held.${count}::bigint`).join(', ')}, held.ad_id`;
  const isIn = (first: string, after: string) => `held.${column} >= ${first} AND held.${column} < ${after}`;
  return `SELECT start_quarter_hour AS ${column}, ${counts.join(', ')}, ad_id
      FROM counts_per_day
      WHERE start_quarter_hour = ANY($7) AND (ad_id, start_quarter_hour) NOT IN (SELECT ad_id, start_quarter_hour FROM late)
    UNION ALL ${held}
      FROM late JOIN ${table} held ON held.ad_id = late.ad_id
        AND ${isIn('late.start_quarter_hour', `late.start_quarter_hour + ${DAY_QUARTERS}`)}
    UNION ALL ${held}
      FROM gaps JOIN ${table} held ON ${isIn('gaps.first', 'gaps.after')}
      -- It changes nothing, but without it the planner expects a ninth of the table, and chooses the wrong index.
      WHERE ${isIn('(SELECT min(first) FROM gaps)', '(SELECT max(after) FROM gaps)')}`;
}

/** The counts of events with a label, or with a verdict other than `valid`. */
function labelledCounts({ column, counts }: Rollup, name: EventGroup): string {
  return `SELECT ad_id, ${column}, value, ${counts.join(', ')} FROM counts_per_label WHERE label = ${groupNumber(name)}`;
}

/**
 * The counts of events by one label. Events without it have an empty one: their counts are those of the quarter-hours, less the
 * counts of the events with the label.
 */
function countsByLabel(rollup: Rollup, label: CountedLabel, listed: readonly string[] | undefined): string {
  const { table, column, counts } = rollup;
  const labelled = labelledCounts(rollup, label);
  if (listed !== undefined) return labelled;
  return `${labelled}
    UNION ALL SELECT ad_id, ${column}, '', ${counts.join(', ')} FROM ${table}
    UNION ALL SELECT ad_id, ${column}, '', ${counts.map((count) => `-${count}`).join(', ')} FROM (${labelled}) AS less`;
}

/** The counts of events by verdict. Only invalid events have rows of their own; valid ones are counted in other columns. */
function countsByVerdict(
  rollup: Rollup,
  listed: readonly string[] | undefined,
  all: (counts: readonly CountName[]) => string,
): string {
  const { column, counts } = rollup;
  const invalid = labelledCounts(rollup, 'verdict');
  if (listed?.includes('valid') === false) return invalid;
  const valid = counts.map((count) => (INVALID.has(count) ? '0' : count));
  return `${invalid}
    UNION ALL SELECT ad_id, ${column}, 'valid', ${valid.join(', ')} FROM ${all(counts)}`;
}

/** A column that orders the rows. */
interface Key {
  readonly name: keyof ReportPosition;
  readonly type: string;
  readonly isDescending: boolean;
}

const TYPES: Readonly<Record<keyof ReportPosition, string>> = {
  sort: 'float8',
  part: 'integer',
  ad: 'text',
  campaign: 'text',
  advertiser: 'text',
  event_label: 'text',
};

/** The columns that order the rows. Together they are unique. */
function keysOf(order: ReportQuery['order'], groups: readonly GroupColumn[]): readonly Key[] {
  const rest = ['part', ...groups] as const;
  if (order === undefined) return rest.map((name) => ({ name, type: TYPES[name], isDescending: false }));
  const first = columnOf(order.by);
  return [
    { name: first, type: TYPES[first], isDescending: order.isDescending },
    ...rest.filter((name) => name !== first).map((name) => ({ name, type: TYPES[name], isDescending: false })),
  ];
}

function columnOf(by: NonNullable<ReportQuery['order']>['by']): keyof ReportPosition {
  if (by === 'time') return 'part';
  return by in METRICS ? 'sort' : groupColumn(by as GroupName);
}

/** Rows whose metric is null are the last in both directions. */
function sortValue(order: ReportQuery['order']): string {
  if (order === undefined || columnOf(order.by) !== 'sort') return '0';
  return `coalesce(${metricValue(order.by as MetricName)}, '${order.isDescending ? '-' : ''}infinity')`;
}

/** The value of a metric, in SQL. */
function metricValue(name: MetricName): string {
  const { sum, per, unit = 1 } = METRICS[name];
  const total = (counts: readonly CountName[]) => counts.map((count) => `coalesce(${count}, 0)`).join(' + ');
  if (per === undefined) return total(sum);
  return `(${total(sum)}) / nullif(${total(per)}, 0) / ${unit}`;
}

/** True for the rows after a position, whose values are the parameters from $8 on. */
function comparison(keys: readonly Key[]): string {
  return keys.reduceRight((rest, { name, type, isDescending }, place) => {
    const value = `$${place + 8}::${type}`;
    return `(${name} ${isDescending ? '<' : '>'} ${value} OR ${name} = ${value} AND ${rest})`;
  }, 'false');
}
