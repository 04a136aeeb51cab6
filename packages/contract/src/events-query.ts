import { AD_ID, AD_ID_RULE, type EventKind, KINDS, LONGEST_AD_ID, limitedText } from '@ads/models';
import Joi from 'joi';
import { formatParameter, type RowFormat } from './row-format.js';
import { filterParameter, strictReader, timeParameter, zoneParameter } from './strict-query.js';

/** The query of `GET /api/v1/ads/analytics/events`. */
export const eventsQuery = Joi.object({
  ad_id: filterParameter(
    'ad_id',
    limitedText(LONGEST_AD_ID).pattern(AD_ID).messages({ 'string.max': AD_ID_RULE, 'string.pattern.base': AD_ID_RULE }),
  )
    .required()
    .description('Id of an ad; repeatable.'),
  from: timeParameter().description(
    'Start of the range of `occurred_at`: a date (its midnight in `tz`) or an ISO 8601 time with an offset, from 1970 to 2100. Default: midnight six days before today.',
  ),
  to: timeParameter().description('End, not included: like `from`. Default: now.'),
  tz: zoneParameter().description('IANA time zone of dates in `from` and `to`. Times in rows are in UTC.'),
  kind: filterParameter(
    'kind',
    Joi.string()
      .valid(...KINDS)
      .messages({ 'any.only': '{#label} must be a kind of event, such as click or firstQuartile' }),
  ).description('Only events of this kind; repeatable.'),
  format: formatParameter().description('Default: the format that `Accept` prefers, else `ndjson`.'),
});

/** A checked query. */
export interface EventsQuery {
  readonly ad_id: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly tz: string;
  readonly kind?: readonly EventKind[];
  readonly format?: RowFormat;
}

/** @param text the part of the URL after the question mark */
export const readEventsQuery = strictReader<EventsQuery>(eventsQuery, 'exports of events');
