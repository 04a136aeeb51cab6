import { parse } from 'node:querystring';
import {
  AD_ID,
  AD_LABELS,
  type AdLabel,
  type Detail,
  detailsOf,
  INTERVALS,
  type Interval,
  LONGEST_AD_ID,
  limitedText,
  METRIC_NAMES,
  METRICS,
  type MetricName,
} from '@ads/models';
import Joi from 'joi';

/** Maximum number of rows of a report in JSON. */
export const REPORT_ROWS = 10_000;
/** Maximum number of values of one filter. */
const FILTER_VALUES = 1_000;
const LONGEST_LABEL = 200;
const LONGEST_TIME = 64;
const LONGEST_ZONE = 64;
/** The part of an unknown parameter's name that an error repeats. */
const LONGEST_NAME = 64;
/** Names of all metrics, with commas. */
const LONGEST_LIST = 256;

const list = (names: readonly string[]) =>
  limitedText(LONGEST_LIST)
    .empty('')
    .custom((text: string, helpers) => {
      const given = text.split(',');
      const unknown = given.find((name) => !names.includes(name));
      if (unknown === undefined) return given;
      return helpers.message({ custom: `{#label} must be a comma-separated list of ${names.join(', ')}` });
    });
const filter = (name: string, one: Joi.StringSchema) => Joi.array().items(one.label(name)).max(FILTER_VALUES);
const time = limitedText(LONGEST_TIME);

/** The query of `GET /api/v1/ads/analytics/report`. */
export const reportQuery = Joi.object({
  from: time.description(
    'Start: a date (its midnight in `tz`) or an ISO 8601 time with an offset, from 1970 to 2100. Default: midnight six days before today.',
  ),
  to: time.description('End, not included: like `from`. Default: now.'),
  tz: limitedText(LONGEST_ZONE).default('UTC').description('IANA time zone in which days, weeks and months are cut.'),
  interval: Joi.string()
    .valid(...INTERVALS)
    .default('day')
    .description(
      '`total`: one row for the whole range. Weeks start on Monday. `minute` has the last 50 hours, and only metrics of clicks and impressions.',
    ),
  group_by: list(AD_LABELS).description(`Comma-separated list of ${AD_LABELS.join(', ')}. Default: no groups.`),
  metrics: list(METRIC_NAMES).description(
    `Comma-separated list. Default: all.\n\n${METRIC_NAMES.map((name) => `- \`${name}\`: ${METRICS[name].description}`).join('\n')}`,
  ),
  ad_id: filter('ad_id', limitedText(LONGEST_AD_ID).pattern(AD_ID)).description('Only these ads; repeatable.'),
  campaign: filter('campaign', limitedText(LONGEST_LABEL)).description('Only ads of these campaigns; repeatable.'),
  advertiser: filter('advertiser', limitedText(LONGEST_LABEL)).description(
    'Only ads of these advertisers; repeatable.',
  ),
});

const PARAMETERS = Object.keys(reportQuery.describe().keys);

/** A checked query. */
export interface ReportQuery {
  readonly from?: string;
  readonly to?: string;
  readonly tz: string;
  readonly interval: Interval;
  readonly group_by: readonly AdLabel[];
  readonly metrics?: readonly MetricName[];
  readonly ad_id?: readonly string[];
  readonly campaign?: readonly string[];
  readonly advertiser?: readonly string[];
}

export type ReportQueryResult =
  | { readonly state: 'query'; readonly query: ReportQuery }
  | { readonly state: 'invalid'; readonly details: Detail[] };

/** The filters, which may be repeated. */
const FILTERS = ['ad_id', 'campaign', 'advertiser'] as const;

/** A misspelt filter would silently report on everything. */
function unknownParameter(fields: object): Detail | undefined {
  const unknown = Object.keys(fields).find((name) => !PARAMETERS.includes(name));
  if (unknown === undefined) return undefined;
  const message = `the query has a parameter that reports do not have; they have ${PARAMETERS.join(', ')}`;
  return { path: unknown.slice(0, LONGEST_NAME), message };
}

/** Parameters have no parts, also repeated ones. */
function ofParameter({ path, message }: Detail): Detail {
  return { path: path.split('.', 1)[0] ?? path, message };
}

/** @param text the part of the URL after the question mark */
export function readReportQuery(text: string): ReportQueryResult {
  const fields: Record<string, unknown> = { ...parse(text) };
  const unknown = unknownParameter(fields);
  if (unknown !== undefined) return { state: 'invalid', details: [unknown] };
  for (const name of FILTERS) if (fields[name] !== undefined) fields[name] = [fields[name]].flat();
  const { value, error } = reportQuery.validate(fields, { abortEarly: false, errors: { wrap: { label: false } } });
  return error
    ? { state: 'invalid', details: detailsOf(error).map(ofParameter) }
    : { state: 'query', query: { group_by: [], ...value } as ReportQuery };
}
