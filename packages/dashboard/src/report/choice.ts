import type { GroupName } from '@ads/models';
import { addDays, BROWSER_ZONE, dateIn, daysBetween, isZone } from '../format/times.js';
import type { Sort } from '../parts/table.js';
import { GROUP_LABELS, INTERVAL_LABELS, SHOWN_METRICS, type ShownInterval, type ShownMetricName } from './metrics.js';
import { type Days, RANGES, type RangeChoice, type RangeName } from './ranges.js';

/** The parameters of a report that filter by a label. */
export const FILTERS = {
  ad_id: 'ad',
  campaign: 'campaign',
  advertiser: 'advertiser',
  placement: 'placement',
  source: 'source',
  device: 'device',
  country: 'country',
  error_code: 'error_code',
  verdict: 'verdict',
} as const satisfies Readonly<Record<string, GroupName>>;

export type FilterName = keyof typeof FILTERS;
export const FILTER_NAMES = Object.keys(FILTERS) as readonly FilterName[];

/** Everything that a user chooses in the report. It is in the address, so that others see the same. */
export interface Choice extends RangeChoice {
  readonly interval: ShownInterval;
  readonly group: GroupName | '';
  readonly metric: ShownMetricName;
  readonly compare: boolean;
  readonly sort: Sort | undefined;
  readonly filters: Readonly<Partial<Record<FilterName, string>>>;
}

const DATE = /^\d{4}-\d\d-\d\d$/;

/** Reads the parameters of the address. A value that the page does not know is replaced by its default. */
export function readChoice(parameters: URLSearchParams, now: number): Choice {
  const given = (name: string) => parameters.get(name) ?? '';
  const tz = isZone(given('tz')) && given('tz') !== '' ? given('tz') : BROWSER_ZONE;
  const today = dateIn(now, tz);
  const isDate = (text: string) => DATE.test(text) && !Number.isNaN(Date.parse(text));
  const to = isDate(given('to')) ? given('to') : today;
  const from = isDate(given('from')) && given('from') <= to ? given('from') : addDays(to, -6);
  const range = nameIn(RANGES, given('range')) ?? '7d';
  const sort = given('sort');
  const filters = FILTER_NAMES.flatMap((name) => (given(name) === '' ? [] : [[name, given(name)]]));
  return {
    ...{ range, from, to, tz },
    interval: nameIn(INTERVAL_LABELS, given('interval')) ?? intervalFor(range, { from, to }),
    group: nameIn(GROUP_LABELS, given('group')) ?? '',
    metric: nameIn(SHOWN_METRICS, given('metric')) ?? 'clicks',
    compare: given('compare') === '1',
    sort: sort === '' ? undefined : { by: sort.replace(/^-/, ''), isDescending: sort.startsWith('-') },
    filters: Object.fromEntries(filters) as Choice['filters'],
  };
}

/** The parameters of the address of a choice. */
export function writeChoice(choice: Choice): Record<string, string> {
  const { range, from, to, tz, interval, group, metric, compare, sort, filters } = choice;
  return {
    range,
    ...(range === 'custom' ? { from, to } : {}),
    tz,
    interval,
    ...(group === '' ? {} : { group }),
    metric,
    ...(compare ? { compare: '1' } : {}),
    ...(sort === undefined ? {} : { sort: `${sort.isDescending ? '-' : ''}${sort.by}` }),
    ...filters,
  };
}

/** The interval that divides a range into some dozens of parts. */
export function intervalFor(range: RangeName, { from, to }: Days): ShownInterval {
  if (range === 'today' || range === 'yesterday') return 'hour';
  if (range !== 'custom') return 'day';
  const days = daysBetween(from, to);
  if (days <= 2) return 'hour';
  return days <= 100 ? 'day' : 'month';
}

function nameIn<Name extends string>(table: Readonly<Partial<Record<Name, unknown>>>, text: string): Name | undefined {
  return Object.hasOwn(table, text) ? (text as Name) : undefined;
}
