import {
  AD_ID,
  COUNTED_LABELS,
  EVENT_GROUPS,
  type EventGroup,
  GROUPS,
  type GroupName,
  INTERVALS,
  INVALID_VERDICTS,
  type Interval,
  LONGEST_AD_ID,
  limitedNumber,
  limitedText,
  METRIC_NAMES,
  METRICS,
  type MetricName,
  VERDICT_NAMES,
  VERDICTS,
} from '@ads/models';
import Joi from 'joi';
import { ROW_FORMATS, type RowFormat } from './row-format.js';
import { filterParameter, type StrictQueryResult, strictReader, timeParameter, zoneParameter } from './strict-query.js';

/** Maximum number of rows of a report in JSON. */
export const REPORT_ROWS = 10_000;
/** Maximum number of intervals of a report in pages or as a file: 100,000 quarters of an hour are 2.8 years. */
export const REPORT_PARTS = 100_000;
const LONGEST_LABEL = 200;
/** A label of events has at most 64 characters, each of at most two UTF-16 code units. */
const LONGEST_EVENT_LABEL = 128;
const LONGEST_ORDER = 64;
/** Maximum length of a list of names. */
const LONGEST_LIST = 512;
/** A cursor contains the labels of a row: 592 characters, in Base64. */
const LONGEST_CURSOR = 4_096;

const list = (names: readonly string[]) =>
  limitedText(LONGEST_LIST)
    .empty('')
    .custom((text: string, helpers) => {
      const given = text.split(',');
      const unknown = given.find((name) => !names.includes(name));
      if (unknown === undefined) return given;
      return helpers.message({ custom: `{#label} must be a comma-separated list of ${names.join(', ')}` });
    });
const ORDERS = ['time', ...GROUPS, ...METRIC_NAMES] as const;
const order = limitedText(LONGEST_ORDER).custom((text: string, helpers) => {
  const isDescending = text.startsWith('-');
  const by = ORDERS.find((name) => name === text.slice(isDescending ? 1 : 0));
  if (by !== undefined) return { by, isDescending };
  return helpers.message({ custom: `{#label} must be one of ${ORDERS.join(', ')}, with - before it for descending` });
});

/** The query of `GET /api/v1/ads/analytics/report`. */
export const reportQuery = Joi.object({
  from: timeParameter().description(
    'Start: a date (its midnight in `tz`) or an ISO 8601 time with an offset, from 1970 to 2100. Default: midnight six days before today.',
  ),
  to: timeParameter().description('End, not included; in the same form as `from`. Default: now.'),
  tz: zoneParameter().description('IANA time zone in which days, weeks and months begin.'),
  interval: Joi.string()
    .valid(...INTERVALS)
    .default('day')
    .description(
      '`total`: one row for the whole range. Weeks start on Monday. `minute` covers the last 50 hours (`MINUTE_RETENTION_HOURS`), and has only metrics of clicks and impressions.',
    ),
  group_by: list(GROUPS).description(
    `Comma-separated list of ${GROUPS.join(', ')}; at most one of ${EVENT_GROUPS.join(', ')}. Events without that label are in the group null, and values beyond \`MAX_LABEL_VALUES\` of an ad in the group \`(other)\`. With \`verdict\`, valid events are in the group \`valid\`; in the groups of invalid events only \`gross_\` and \`invalid_\` metrics are not zero. Default: no groups.`,
  ),
  metrics: list(METRIC_NAMES).description(
    `Comma-separated list. Default: all.\n\n${METRIC_NAMES.map((name) => `- \`${name}\`: ${METRICS[name].description}`).join('\n')}`,
  ),
  ad_id: filterParameter('ad_id', limitedText(LONGEST_AD_ID).pattern(AD_ID)).description('Only these ads; repeatable.'),
  campaign: filterParameter('campaign', limitedText(LONGEST_LABEL)).description(
    'Only ads of these campaigns; repeatable.',
  ),
  advertiser: filterParameter('advertiser', limitedText(LONGEST_LABEL)).description(
    'Only ads of these advertisers; repeatable.',
  ),
  ...Object.fromEntries(
    COUNTED_LABELS.map((label) => [
      label,
      filterParameter(label, limitedText(LONGEST_EVENT_LABEL)).description(
        `Only events with these values of \`${label}\`; repeatable. A report filters by one label of events or by \`verdict\`, and cannot group by another.`,
      ),
    ]),
  ),
  verdict: filterParameter('verdict', Joi.string().valid(...VERDICT_NAMES)).description(
    `Only events with these verdicts; repeatable. \`valid\` are all events without another verdict.\n\n${INVALID_VERDICTS.map((name) => `- \`${name}\`: ${VERDICTS[name].description}`).join('\n')}`,
  ),
  format: Joi.string()
    .valid('json', ...ROW_FORMATS)
    .messages({ 'any.only': `{#label} must be one of json, ${ROW_FORMATS.join(', ')}` })
    .description(
      'Format of the answer; it takes precedence over the header `Accept`. `csv` and `ndjson` have any number of rows and no `next_cursor`. Default: `json`.',
    ),
  order: order.description(
    '`time`, a metric or one of `group_by`: the first column by which rows are ordered; with `-` before it, descending, as in `-clicks`. Further columns are `time` and the groups, ascending. Rows whose metric is null come last. Default: `time`.',
  ),
  limit: limitedNumber()
    .integer()
    .min(1)
    .max(REPORT_ROWS)
    .description(`Number of rows on a page. Default: all rows; in JSON at most ${REPORT_ROWS}.`),
  cursor: limitedText(LONGEST_CURSOR)
    .pattern(/^[\w-]+$/)
    .messages({ 'string.pattern.base': '{#label} must be the next_cursor of the previous page' })
    .description(
      '`next_cursor` of the previous page. The other parameters must be the same, except `limit`. A row that changes its place between two pages may appear twice or not at all.',
    ),
});

/** A checked query. */
export interface ReportQuery extends Readonly<Partial<Record<EventGroup, readonly string[]>>> {
  readonly from?: string;
  readonly to?: string;
  readonly tz: string;
  readonly interval: Interval;
  readonly group_by: readonly GroupName[];
  readonly metrics?: readonly MetricName[];
  readonly ad_id?: readonly string[];
  readonly campaign?: readonly string[];
  readonly advertiser?: readonly string[];
  readonly order?: { readonly by: 'time' | GroupName | MetricName; readonly isDescending: boolean };
  readonly format?: 'json' | RowFormat;
  readonly limit?: number;
  readonly cursor?: string;
}

const read = strictReader<Omit<ReportQuery, 'group_by'>>(reportQuery, 'reports');

/** @param text the part of the URL after the question mark */
export function readReportQuery(text: string): StrictQueryResult<ReportQuery> {
  const result = read(text);
  return result.state === 'invalid' ? result : { state: 'query', query: { group_by: [], ...result.query } };
}
