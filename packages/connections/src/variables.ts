import type { Variables } from '@ads/runtime';
import Joi from 'joi';
import { natsTimeout } from './nats/nats-variables.js';
import { postgresTimeout } from './postgres/postgres-variables.js';

/** The limits of the JetStream streams that the services create. */
export interface StreamConfig {
  readonly NATS_STREAM_REPLICAS: number;
  readonly NATS_STREAM_MAX_BYTES: number;
  readonly NATS_DEAD_LETTERS_MAX_BYTES: number;
}

/** How events are recorded, by the consumer or straight from ingest. */
export interface RecordingConfig {
  readonly MAX_LABEL_VALUES: number;
  readonly IVT: 'off' | 'on';
  readonly IVT_DOUBLE_CLICK_MS: number;
  readonly IVT_FLOOD_PER_HOUR: number;
}

/** How the ad catalogue is read from Postgres. */
export interface CatalogueConfig {
  readonly AD_CATALOGUE_REFRESH_SECONDS: number;
  readonly AD_CATALOGUE_TIMEOUT_MS: number;
}

/** Variables whose default depends on the service. */
export const timeouts = {
  NATS_TIMEOUT_MS: natsTimeout,
  POSTGRES_TIMEOUT_MS: postgresTimeout,
};

export const streamVariables: Variables<StreamConfig> = {
  NATS_STREAM_REPLICAS: Joi.number()
    .integer()
    .min(1)
    .max(5)
    .default(1)
    .description('Copies of the streams `AD_EVENTS` and `AD_DEAD_LETTERS`.'),
  NATS_STREAM_MAX_BYTES: Joi.number()
    .integer()
    .min(-1)
    .default(-1)
    .description(
      'Size limit of the stream `AD_EVENTS`; -1 leaves only the limit of the NATS server. A full stream refuses new messages. JetStream reserves this size: keep the sum of both streams below `max_file_store`. `npm start` uses 1073741824.',
    ),
  // One dead letter may be as large as a message of NATS, a megabyte.
  NATS_DEAD_LETTERS_MAX_BYTES: Joi.number()
    .integer()
    .allow(-1)
    .min(2_097_152)
    .default(268_435_456)
    .description('Size limit of the stream `AD_DEAD_LETTERS`; -1 leaves only the limit of the NATS server.'),
};

/** The stream limits in the names of `streamSettings`. */
export function streamLimits(config: StreamConfig) {
  return {
    replicas: config.NATS_STREAM_REPLICAS,
    maxBytes: config.NATS_STREAM_MAX_BYTES,
    deadLettersMaxBytes: config.NATS_DEAD_LETTERS_MAX_BYTES,
  };
}

export const recordingVariables: Variables<RecordingConfig> = {
  MAX_LABEL_VALUES: Joi.number()
    .integer()
    .min(0)
    .max(100_000)
    .default(1_000)
    .description(
      'Values per ad and label (such as placement) that reports list; further values are counted together as `(other)`. Give ingest and the consumer the same value.',
    ),
  IVT: Joi.string()
    .valid('off', 'on')
    .default('on')
    .description(
      'With `on`, invalid traffic is stored with the reason, and counted apart from valid events. With `off`, all events are valid. Give ingest and the consumer the same value.',
    ),
  IVT_DOUBLE_CLICK_MS: Joi.number()
    .integer()
    .min(0)
    .max(3_600_000)
    .default(1_000)
    .description(
      'A click is invalid (`double_click`) if the same viewer clicked on the same ad less than this time before it. 0 disables the rule. Give ingest and the consumer the same value.',
    ),
  IVT_FLOOD_PER_HOUR: Joi.number()
    .integer()
    .min(0)
    .max(1_000_000)
    .default(30)
    .description(
      'Maximum number of clicks of a viewer on an ad in a clock hour, by the time of receipt; further ones are invalid (`flood`). 0 disables the rule. Give ingest and the consumer the same value.',
    ),
};

/** The rules for clicks when they are recorded; undefined with `IVT=off`. */
export function gateRules({ IVT, IVT_DOUBLE_CLICK_MS, IVT_FLOOD_PER_HOUR }: RecordingConfig) {
  if (IVT === 'off') return undefined;
  return { doubleClickMs: IVT_DOUBLE_CLICK_MS, floodPerHour: IVT_FLOOD_PER_HOUR };
}

export const catalogueVariables: Variables<CatalogueConfig> = {
  AD_CATALOGUE_REFRESH_SECONDS: Joi.number()
    .integer()
    .min(1)
    .max(3_600)
    .default(10)
    .description(
      'Interval between reads of the ad catalogue. An ad that is not in memory is looked up in Postgres at once; if it is missing, the same ad is not looked up again for 0.5 to 1.5 s.',
    ),
  AD_CATALOGUE_TIMEOUT_MS: Joi.number()
    .integer()
    .min(1)
    .max(60_000)
    .default(10_000)
    .description('Longest time of one read of the catalogue: a page, a look-up, or a ranking of all ads.'),
};
