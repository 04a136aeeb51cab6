import {
  AD_LABELS,
  COUNTED_LABELS,
  EVENT_KINDS,
  GROUPS,
  INTERVALS,
  KIND_ENDPOINTS,
  KINDS,
  METRIC_NAMES,
  METRICS,
  perEndpointKind,
  VERDICT_NAMES,
  WINDOWS,
} from '@ads/models';
import Joi from 'joi';

/* Schemas of the API's responses. The OpenAPI document contains them, and contract tests validate responses with them. */

const count = Joi.number().integer().min(0);
const time = Joi.string().isoDate();
const uuid = Joi.string().guid();
const adId = Joi.string().required().description('Id of the ad.');

/** The field `next_cursor` of a page. */
export const nextCursor = () =>
  Joi.string().allow(null).required().description('Pass it as `cursor` to get the next page; null on the last page.');

/** `POST /api/v1/ads/<kind>`, 202: the event is durable. */
export const eventResponses = perEndpointKind((kind) => {
  const { idField } = EVENT_KINDS[kind];
  const { label } = KIND_ENDPOINTS[kind];
  return Joi.object({
    message: Joi.string().valid(`${label} recorded`).required().description('Always this text.'),
    [idField]: uuid.required().description(`Id of the ${kind}: as sent, or generated.`),
    ad_id: adId,
    timestamp: time.required().description(`Time at which the ${kind} is counted.`),
    processing: Joi.string().valid('asynchronous').required().description('Counters follow within seconds.'),
  });
});

const rate = Joi.number().min(0).allow(null);

const ctr = rate
  .required()
  .description('`total_clicks` divided by `impressions`, so 0.05 is 5 %; null without impressions.');

/** A value for each window. @param what in the description of each */
function perWindow(schema: Joi.NumberSchema, what: string) {
  return Joi.object(
    Object.fromEntries(
      WINDOWS.map(({ field }) => [
        field,
        schema.required().description(`${what} in the ${field.replaceAll('_', ' ')}.`),
      ]),
    ),
  ).required();
}

/** `POST /api/v1/ads/events`, 202: every accepted event is durable. */
export const batchResponse = Joi.object({
  accepted: count.required().description('Number of accepted events.'),
  rejected: count.required().description('Number of rejected events.'),
  results: Joi.array()
    .items(
      Joi.object({
        status: Joi.string().valid('accepted', 'rejected').required().description('Whether the event is durable.'),
        kind: Joi.string()
          .valid(...KINDS)
          .description('The kind of an accepted event.'),
        click_id: uuid.description('Id of an accepted click: as sent, or generated.'),
        impression_id: uuid.description('Id of an accepted impression: as sent, or generated.'),
        event_id: uuid.description('Id of an accepted event of another kind: as sent, or generated.'),
        ad_id: Joi.string().description('Id of the ad of an accepted event.'),
        timestamp: time.description('Time of an accepted event, as it is counted.'),
        error: Joi.string().description(
          'Why an event was rejected, such as `invalid_request`, `unknown_ad`, `event_too_old`, or `unavailable`: then send it again.',
        ),
        message: Joi.string().description('The reason in a sentence.'),
        details: Joi.array()
          .items(
            Joi.object({
              path: Joi.string().allow('').required().description('The field; empty for the event itself.'),
              message: Joi.string().required().description('What is wrong with it.'),
            }),
          )
          .description('The invalid fields of a rejected event.'),
      }),
    )
    .required()
    .description('A result for each event, in the order of the request.'),
});

const counters = {
  ad_id: adId,
  total_clicks: count.required().description('Valid clicks of the ad, over all time.'),
  impressions: count.required().description('Valid impressions of the ad, over all time.'),
  ctr,
  time_frames: perWindow(count, 'Clicks').description('Clicks in sliding windows that end now.'),
  impressions_time_frames: perWindow(count, 'Impressions').description('Impressions in the same windows.'),
  ctr_time_frames: perWindow(rate, 'CTR').description(
    'Clicks divided by impressions in the same windows; null without impressions.',
  ),
};
const timeframe = Joi.string().valid(...WINDOWS.map((window) => window.timeframe));
/** Present if the request names a window. */
const ofTimeframe = {
  timeframe: timeframe.description('The requested window. Absent without one.'),
  clicks: count.description('Clicks in `timeframe`. Absent without one.'),
  timeframe_impressions: count.description('Impressions in `timeframe`. Absent without one.'),
  timeframe_ctr: rate.description(
    '`clicks` divided by `timeframe_impressions`; null without impressions. Absent without `timeframe`.',
  ),
};
const source = Joi.string().valid('redis', 'postgres').required().description('The store that supplied the counters.');

/** `GET /api/v1/ads/analytics?ad_id=` */
export const adAnalyticsResponse = Joi.object({
  ...counters,
  ...ofTimeframe,
  source,
  timestamp: time.required().description('When the response was generated.'),
});

/** `GET /api/v1/ads/analytics` without `ad_id`: all ads, those with the most clicks first. */
export const allAnalyticsResponse = Joi.object({
  total_ads: count.required().description('Number of ads in the catalogue.'),
  timeframe: timeframe
    .allow(null)
    .required()
    .description(
      'The requested window: the ads are ordered by their clicks in it. Null if they are ordered by total clicks.',
    ),
  analytics: Joi.array()
    .items(
      Joi.object({
        ...counters,
        ...ofTimeframe,
      }),
    )
    .required()
    .description('The ads of this page, those with the most clicks first.'),
  next_cursor: nextCursor(),
  source,
  generated_at: time.required().description('When the response was generated.'),
});

const lastSecond = Joi.object({
  clicks: count.required().description('Clicks in that second.'),
  impressions: count.required().description('Impressions in that second.'),
})
  .required()
  .description('The last whole second before `time`: its events that were counted by then.');

/** The data of a message of `GET /api/v1/ads/analytics/live`. */
export const liveStateResponse = Joi.object({
  time: time.required().description('When the counters were read.'),
  source,
  all: Joi.object({
    total_ads: count.required().description('Number of ads in the catalogue.'),
    total_clicks: count.required().description('Valid clicks of all ads, over all time.'),
    impressions: count.required().description('Valid impressions of all ads, over all time.'),
    ctr,
    last_second: lastSecond,
  }).description('All ads together. Absent in a stream with `ad_id`.'),
  ads: Joi.array()
    .items(
      Joi.object({
        ad_id: adId,
        total_clicks: count.required().description('Valid clicks of the ad, over all time.'),
        impressions: count.required().description('Valid impressions of the ad, over all time.'),
        ctr,
        last_second: lastSecond,
      }),
    )
    .required()
    .description(
      'With `ad_id`, the ads of the stream in the requested order. Otherwise up to 10 ads, those with the most clicks in the last minute first.',
    ),
});

/** The data of an event `unavailable` of `GET /api/v1/ads/analytics/live`. */
export const liveUnavailableResponse = Joi.object({
  time: time.required().description('When the read failed.'),
  message: Joi.string().required().description('Names what is unavailable, for people.'),
});

/** `GET /api/v1/ads/analytics/play-time` */
export const playTimeResponse = Joi.object({
  ad_id: adId,
  clicks: count.required().description('Clicks of the ad that report a play time.'),
  seconds: Joi.array()
    .items(
      Joi.object({
        second: count.required().description('Second of the video: 0 is the first.'),
        clicks: count.required().description('Clicks in this second, over all time.'),
      }),
    )
    .required()
    .description('The seconds with clicks, in order.'),
});

const verdict = Joi.string().valid(...VERDICT_NAMES);

const hash = Joi.string();
const rulesInForce = (fields: Joi.SchemaMap) =>
  Joi.array()
    .items(
      Joi.object({
        hash: hash
          .required()
          .description('Identifies all values of the rules, also texts of user agents, which are not shown.'),
        since: time.required().description('Start of the period in which the rules were in force.'),
        until: time
          .allow(null)
          .required()
          .description('When the last process stopped using the rules, to the minute; null while they are in force.'),
        ...fields,
      }),
    )
    .required();

/** `GET /api/v1/ads/analytics/report` */
export const reportResponse = Joi.object({
  from: time.required().description('Start of the range, with the offset of the time zone.'),
  to: time.required().description('End of the range, not included.'),
  tz: Joi.string().required().description('The time zone in which days, weeks and months begin.'),
  interval: Joi.string()
    .valid(...INTERVALS)
    .required()
    .description('The length of the intervals.'),
  group_by: Joi.array()
    .items(Joi.string().valid(...GROUPS))
    .required()
    .description('The labels that rows are grouped by.'),
  invalid_traffic: Joi.object({
    hash: Joi.string()
      .required()
      .description(
        'Identifies all rules in `ingest` and `gate`; `X-Invalid-Traffic-Rules` of CSV and NDJSON is equal.',
      ),
    ingest: rulesInForce({
      lists: Joi.object({
        deny: hash.allow(null).description('`IVT_DENY_FILE`.'),
        datacenter: hash.allow(null).description('`IVT_DATACENTER_FILE`.'),
      }).description('The hash of each list of addresses; null without one.'),
      isbot: Joi.string()
        .allow(null)
        .description('Version of isbot, which finds bots by their user agents; null with `IVT=off`.'),
      proxy_header: Joi.boolean().description('Whether proxies may mark requests as invalid: `IVT_PROXY_HEADER`.'),
      tag_signing: Joi.string().description('`TAG_SIGNING`.'),
    }).description('The rules by which ingest judges requests.'),
    gate: rulesInForce({
      double_click_ms: count.description('`IVT_DOUBLE_CLICK_MS`; 0: no click is a double click.'),
      flood_per_hour: count.description('`IVT_FLOOD_PER_HOUR`; 0: no click is part of a flood.'),
    }).description('The rules by which clicks are judged when they are recorded.'),
  })
    .required()
    .description(
      'The rules of invalid traffic that were in force at some time of the range, newest first; at most the newest 400. If processes have different rules, as during an update, several are in force at once. Events are judged when they are received, by the rules of that time.',
    ),
  rows: Joi.array()
    .items(
      Joi.object({
        time: time.description(
          'Start of the interval, with the offset of the time zone. Absent with `interval=total`.',
        ),
        ...Object.fromEntries(
          [...AD_LABELS, ...COUNTED_LABELS].map((label) => [
            label,
            Joi.string()
              .allow(null)
              .description(`Present with \`group_by=${label}\`; null for ads or events without one.`),
          ]),
        ),
        verdict: verdict.description('Present with `group_by=verdict`.'),
        ...Object.fromEntries(
          METRIC_NAMES.map((name) => [name, Joi.number().min(0).allow(null).description(METRICS[name].description)]),
        ),
        final: Joi.boolean()
          .required()
          .description(
            'True if no further event can change the row: its interval ended more than `MAX_EVENT_AGE_DAYS` ago, and all events of that time are recorded. Always false while events of any age are accepted. Corrections by an operator (a recount, a replay of dead letters, an ad that gets another campaign) may still change it.',
          ),
      }),
    )
    .required()
    .description(
      'One row per interval and group, by default in this order. Intervals without events have rows of zeros.',
    ),
  next_cursor: nextCursor(),
});

const STORED_LABELS = ['session_id', 'placement', 'source', 'device', 'country', 'error_code'];

/** A row of `GET /api/v1/ads/analytics/events`. */
export const storedEventResponse = Joi.object({
  kind: Joi.string()
    .valid(...KINDS)
    .required()
    .description('Kind of the event.'),
  id: uuid.required().description('Id of the event: unique per kind.'),
  ad_id: adId,
  occurred_at: time.required().description('Time of the event, as it is counted.'),
  received_at: time.required().description('Time of receipt.'),
  claimed_at: time
    .allow(null)
    .required()
    .description("Time by the player's clock if it was too far ahead to be trusted; null otherwise."),
  ip: Joi.string().required().description('Address of the viewer, as `IP_MODE` stores it.'),
  video_play_time: Joi.number()
    .min(0)
    .allow(null)
    .required()
    .description('Seconds of the video before the click; null if not reported.'),
  ...Object.fromEntries(
    STORED_LABELS.map((label) => [
      label,
      Joi.string().allow(null).required().description('Value that the player reported; null if none.'),
    ]),
  ),
  verdict: verdict.required().description('Why the event is invalid, or `valid`.'),
});

/** Every error response. */
export const errorResponse = Joi.object({
  error: Joi.string().required().description('Stable code, for programs.'),
  message: Joi.string().required().description('The cause and what to do, for people.'),
  details: Joi.array()
    .items(
      Joi.object({
        path: Joi.string()
          .allow('')
          .required()
          .description('The field, with dots between levels; empty for the whole body.'),
        message: Joi.string().required().description('What is wrong with the field.'),
      }),
    )
    .required()
    .description('Problems of single fields; empty for other errors.'),
  request_id: Joi.string().required().description('The `X-Request-ID` of this response.'),
});
