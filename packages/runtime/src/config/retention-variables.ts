import Joi from 'joi';
import type { Variables } from './config.js';

/** How old an event may be when it is received. Ingest and analytics must have the same value. */
export interface EventAgeConfig {
  readonly MAX_EVENT_AGE_DAYS?: number;
}

/** How long stored events are kept. Ingest and the consumer must have the same value. */
export interface EventRetentionConfig {
  readonly EVENT_RETENTION_DAYS?: number;
}

/** How long counts per minute are kept. Ingest, the consumer and analytics must have the same value. */
export interface MinuteRetentionConfig {
  readonly MINUTE_RETENTION_HOURS: number;
}

const days = Joi.number().integer().min(1).max(36_500);

export const eventAgeVariables: Variables<EventAgeConfig> = {
  MAX_EVENT_AGE_DAYS: days
    .description(
      'Greatest age of an event by its `timestamp`, when it is received; an older one is refused with 400 `event_too_old`. At most `EVENT_RETENTION_DAYS`. Rows of reports are `final` after this age. Unset: any age, and no row is final.',
    )
    .when('EVENT_RETENTION_DAYS', {
      is: Joi.exist(),
      // biome-ignore lint/suspicious/noThenProperty: joi calls it so.
      then: Joi.number().max(Joi.ref('EVENT_RETENTION_DAYS')).messages({
        'number.max': 'must be at most EVENT_RETENTION_DAYS, because older events are refused anyway',
      }),
    }),
};

export const eventRetentionVariables: Variables<EventRetentionConfig> = {
  EVENT_RETENTION_DAYS: days.description(
    'Days for which stored events are kept; counts are kept for ever. An event whose `timestamp`, or whose UUIDv7 id, is older when it is received is refused with 400 `event_too_old`. Unset: events are kept for ever. To shorten it, restart ingest first; to lengthen it, restart the consumers first.',
  ),
};

export const minuteRetentionVariables: Variables<MinuteRetentionConfig> = {
  // The minimum is LEAST_MINUTES_KEPT of @ads/models, which windows need.
  MINUTE_RETENTION_HOURS: Joi.number()
    .integer()
    .min(50)
    .max(744)
    .default(50)
    .description(
      'Hours for which clicks and impressions per minute are kept, for reports with `interval=minute`. Each minute of an ad with a click or impression takes some 100 bytes in Postgres. Give ingest, the consumer and analytics the same value. After an increase, reports refuse minutes that were not kept; `npm run recount` counts them from the stored events.',
    ),
};

/** The number of minutes before the current one for which counts per minute are kept. */
export function minutesKept(config: MinuteRetentionConfig): number {
  return config.MINUTE_RETENTION_HOURS * 60;
}
