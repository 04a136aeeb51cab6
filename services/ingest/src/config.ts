import {
  type CatalogueConfig,
  catalogueVariables,
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresVariables,
  type RecordingConfig,
  type RedisConfig,
  recordingVariables,
  redisVariables,
  type StreamConfig,
  streamVariables,
  timeouts,
} from '@ads/connections';
import {
  type EventAccessConfig,
  type EventAgeConfig,
  type EventLimitConfig,
  type EventRetentionConfig,
  eventAccessVariables,
  eventAgeVariables,
  eventLimitVariables,
  eventRetentionVariables,
  type HttpConfig,
  httpVariables,
  type KeyConfig,
  keyVariables,
  type LogConfig,
  logVariables,
  type MinuteRetentionConfig,
  minuteRetentionVariables,
  type StitcherConfig,
  stitcherVariables,
  type TracingConfig,
  tracingVariables,
  type Variables,
} from '@ads/runtime';
import Joi from 'joi';
import { IP_MODES, type IpMode } from './hide-address.js';
import { type InvalidTrafficConfig, invalidTrafficVariables } from './invalid-traffic/variables.js';
import { toPublicUrl } from './tags/public-url.js';
import { type SigningConfig, signingVariables } from './tags/signing-variables.js';

/** Configuration of ingest. */
export interface IngestConfig
  extends HttpConfig,
    EventLimitConfig,
    EventAgeConfig,
    EventRetentionConfig,
    KeyConfig,
    EventAccessConfig,
    MinuteRetentionConfig,
    StitcherConfig,
    SigningConfig,
    LogConfig,
    TracingConfig,
    PostgresConfig,
    RedisConfig,
    NatsConfig,
    StreamConfig,
    CatalogueConfig,
    RecordingConfig,
    InvalidTrafficConfig {
  readonly MAX_CLOCK_SKEW_SECONDS: number;
  readonly PUBLIC_URL: string;
  readonly IP_MODE: IpMode;
  readonly GEOIP_DB?: string;
  readonly MAX_BODY_BYTES: number;
  readonly MAX_BATCH_EVENTS: number;
  readonly MAX_BATCH_BYTES: number;
  readonly MAX_BATCH_BYTES_HELD: number;
  readonly MAX_IMPORT_ADS: number;
  readonly MAX_IMPORT_BYTES: number;
  readonly MAX_SERVED_ADS: number;
  readonly UNVERIFIED_EVENTS_PER_MINUTE: number;
  readonly INGEST_BATCH_EVENTS: number;
  readonly INGEST_BATCHES_IN_FLIGHT: number;
  readonly INGEST_QUEUE_EVENTS: number;
  readonly INGEST_MAX_WAIT_MS: number;
  readonly CLICK_MAX_WAIT_MS: number;
  readonly MAX_PENDING_CLICKS: number;
  readonly PENDING_CLICK_SECONDS: number;
  readonly METRICS_MAX_ADS: number;
}

const count = Joi.number().integer().min(1);

export const ingestVariables: Variables<IngestConfig> = {
  ...httpVariables(8080),
  ...eventLimitVariables,
  ...eventAgeVariables,
  ...eventRetentionVariables,
  ...keyVariables,
  ...eventAccessVariables,
  ...minuteRetentionVariables,
  ...stitcherVariables,
  ...signingVariables,
  ...logVariables,
  ...tracingVariables,
  ...postgresVariables,
  ...redisVariables,
  ...recordingVariables,
  ...catalogueVariables,
  ...natsVariables,
  ...streamVariables,
  ...invalidTrafficVariables,
  // Short, because a player waits while the batch fails in one store and goes to the other.
  NATS_TIMEOUT_MS: timeouts.NATS_TIMEOUT_MS.max(60_000).default(1_000),
  POSTGRES_TIMEOUT_MS: timeouts.POSTGRES_TIMEOUT_MS.max(60_000).default(2_000),
  // At most an hour: the counters of a second expire 3 h after they were written.
  MAX_CLOCK_SKEW_SECONDS: Joi.number()
    .min(0)
    .max(3_600)
    .default(300)
    .description(
      "How far a client's timestamp may be ahead of the time of receipt; a timestamp further ahead is replaced by the time of receipt.",
    ),
  PUBLIC_URL: Joi.string()
    .custom(toPublicUrl)
    .default('http://localhost:8080')
    .description(
      'Address of the API as players see it, with a path if a proxy adds one: the URLs in VAST documents and tags begin with it. Set it in production, to an https URL: pages with https cannot fetch http. `npm start` uses its own address; with `HTTP_HOST=0.0.0.0` that of this machine in its network.',
    ),
  IP_MODE: Joi.string()
    .valid(...IP_MODES)
    .default('full')
    .description(
      "The stored form of a viewer's address: `full`, `truncated` (/24 of IPv4, /48 of IPv6), `hashed` (see `services/ingest/README.md`) or `none` (0.0.0.0). Stored events do not change with the variable.",
    ),
  GEOIP_DB: Joi.string().description(
    "Path of a database of countries in the MaxMind format (mmdb), such as GeoLite2-Country or DB-IP Country Lite. Events without `country` get the country of the viewer's address, which is read before `IP_MODE` hides it. The file is held in memory (9 MB for GeoLite2-Country), and twice while it is replaced; at most 33554432 bytes. A new file at this path is loaded within a minute.",
  ),
  MAX_BODY_BYTES: count
    .max(1_048_576)
    .default(16_384)
    .description(
      'Largest request body, before and after decompression; a larger one gets 413. A compressed body takes up to 0.12 ms of CPU per KB. The maximum is 1048576, the limit of the gateway (`client_max_body_size` in `infra/gateway/nginx.conf`).',
    ),
  MAX_BATCH_EVENTS: count.max(1_000).default(500).description('Events in one batch request; a larger one gets 400.'),
  MAX_BATCH_BYTES: count
    .max(1_048_576)
    .default(1_048_576)
    .description(
      'Largest body of a batch request, before and after decompression; a larger one gets 413. The gateway allows 1 MiB, and so this variable accepts at most 1048576.',
    ),
  MAX_BATCH_BYTES_HELD: count
    .min(1_048_576)
    .max(1_073_741_824)
    .default(33_554_432)
    .description('Bytes of all batch bodies that are being received at a time; further ones get 503.'),
  MAX_IMPORT_ADS: count.max(10_000).default(1_000).description('Ads in one import; a larger one gets 400.'),
  MAX_IMPORT_BYTES: count
    .max(1_048_576)
    .default(1_048_576)
    .description(
      'Largest body of an import of ads, before and after decompression; a larger one gets 413. The gateway allows 1 MiB.',
    ),
  MAX_SERVED_ADS: count
    .max(1_000_000)
    .default(10_000)
    .description(
      'Ads that are kept in memory with all their fields, for tags. The newest are read at the start; an ad that is not in memory is read on its first request, and replaces one that was not requested lately. An ad takes 1 to 1.5 KB, and 5 KB with 20 media files; up to twice that once its VAST was requested.',
    ),
  UNVERIFIED_EVENTS_PER_MINUTE: Joi.number()
    .integer()
    .min(0)
    .max(10_000_000)
    .default(6_000)
    .description('Events per minute that a process accepts while their ads cannot be looked up; further ones get 503.'),
  // An event with the longest labels has about 1,400 bytes, so 700 events fit into a NATS message of 1 MB.
  INGEST_BATCH_EVENTS: count.max(700).default(500).description('Maximum number of events in one message.'),
  INGEST_BATCHES_IN_FLIGHT: count
    .max(64)
    .default(4)
    .description('Maximum number of messages that wait for their acknowledgement.'),
  INGEST_QUEUE_EVENTS: count
    .max(1_000_000)
    .default(20_000)
    .description('Maximum number of events that wait to be sent in a message; further ones get 503.'),
  INGEST_MAX_WAIT_MS: count
    .max(60_000)
    .default(2_000)
    .description('Longest time that an event waits to be sent in a message before it gets 503.'),
  CLICK_MAX_WAIT_MS: count
    .max(5_000)
    .default(200)
    .description(
      'Longest time that a click-through (`/c`) waits for its click to be durable. Then it redirects, and the click is retried in the background.',
    ),
  MAX_PENDING_CLICKS: Joi.number()
    .integer()
    .min(0)
    .max(1_000_000)
    .default(20_000)
    .description(
      'Clicks that were redirected before they were durable, and are kept in memory to be retried; further ones are lost. A usual one takes 1 KB.',
    ),
  PENDING_CLICK_SECONDS: count
    .max(86_400)
    .default(3_600)
    .description('Longest time that such a click is retried; then it is lost.'),
  METRICS_MAX_ADS: Joi.number()
    .integer()
    .min(0)
    .max(10_000)
    .default(100)
    .description('Ads with their own label in the metrics; all others share the label `other`.'),
};
