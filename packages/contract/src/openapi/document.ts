import { ENDPOINT_KINDS } from '@ads/models';
import { adsQuery } from '../ads-query.js';
import { analyticsQuery } from '../analytics-query.js';
import { invalidFields, unavailable, unknownAd } from '../errors.js';
import { API_PREFIX, ENDPOINTS, EVENT_ENDPOINTS } from '../paths.js';
import { playTimeQuery } from '../play-time-query.js';
import { reportQuery } from '../report-query.js';
import {
  adAnalyticsResponse,
  adsResponse,
  allAnalyticsResponse,
  errorResponse,
  liveStateResponse,
  liveUnavailableResponse,
  playTimeResponse,
  reportResponse,
  storedEventResponse,
} from '../responses.js';
import { batchOperation, eventOperation, eventSchemas } from './events.js';
import { exportOperation } from './exports.js';
import { liveOperation } from './live.js';
import { managementPaths } from './management.js';
import {
  error,
  json,
  notModified,
  otherErrors,
  queryParameters,
  rateLimitHeaders,
  requestIdHeader,
  retryLater,
  schemaOf,
  tooManyReads,
  withCaching,
  withRows,
} from './parts.js';

const API_DESCRIPTION = `Counts clicks and impressions of ads, exactly once.

Send events with ${ENDPOINT_KINDS.map((kind) => `\`POST ${API_PREFIX}${EVENT_ENDPOINTS[kind].path}\``).join(' and ')}. A 202 means that the event is durable: NATS
JetStream acknowledged it, or Postgres committed it. Retry a failed request with the same id; it counts once.

Every path also works without \`${API_PREFIX}\`. Times are ISO 8601 in UTC. All errors have the same body, and every response has the
header \`X-Request-ID\`.`;

const OPAQUE_CURSOR = 'MTc2NzMxNjQ0NTY3ODAwMCBhZC0wMDI';

const ad = {
  id: 'ad-001',
  image_url: 'https://cdn.example.com/ads/001.png',
  target_url: 'https://shop.example.com/sale',
  created_at: '2026-01-01T00:00:00.000Z',
};

const counters = {
  ad_id: 'ad-001',
  total_clicks: 1_284,
  impressions: 25_680,
  ctr: 0.05,
  time_frames: {
    last_1_minute: 3,
    last_5_minutes: 11,
    last_15_minutes: 42,
    last_1_hour: 160,
    last_24_hours: 1_284,
  },
  impressions_time_frames: {
    last_1_minute: 60,
    last_5_minutes: 275,
    last_15_minutes: 840,
    last_1_hour: 3_200,
    last_24_hours: 25_680,
  },
  ctr_time_frames: {
    last_1_minute: 0.05,
    last_5_minutes: 0.04,
    last_15_minutes: 0.05,
    last_1_hour: 0.05,
    last_24_hours: 0.05,
  },
};

const adExample = {
  ...counters,
  timeframe: '1h',
  clicks: 160,
  timeframe_impressions: 3_200,
  timeframe_ctr: 0.05,
  source: 'redis',
  timestamp: '2026-01-02T03:04:05.678Z',
};

const allExample = {
  total_ads: 3,
  timeframe: null,
  analytics: [counters],
  next_cursor: OPAQUE_CURSOR,
  source: 'redis',
  generated_at: '2026-01-02T03:04:05.678Z',
};

const reportExample = {
  from: '2026-03-28T00:00:00+01:00',
  to: '2026-03-30T00:00:00+02:00',
  tz: 'Europe/Berlin',
  interval: 'day',
  group_by: ['campaign'],
  rows: [
    {
      time: '2026-03-28T00:00:00+01:00',
      campaign: 'spring',
      clicks: 120,
      impressions: 2_400,
      ctr: 0.05,
      starts: 2_000,
      first_quartiles: 1_800,
      midpoints: 1_600,
      third_quartiles: 1_500,
      completes: 1_400,
      completion_rate: 0.7,
      skips: 200,
      skip_rate: 0.1,
      viewable_rate: 0.75,
      errors: 600,
      error_rate: 0.2,
      average_play_time: 12.5,
      final: true,
    },
    {
      time: '2026-03-29T00:00:00+01:00',
      campaign: 'spring',
      clicks: 0,
      impressions: 0,
      ctr: null,
      starts: 0,
      first_quartiles: 0,
      midpoints: 0,
      third_quartiles: 0,
      completes: 0,
      completion_rate: null,
      skips: 0,
      skip_rate: null,
      viewable_rate: null,
      errors: 0,
      error_rate: null,
      average_play_time: null,
      final: true,
    },
  ],
  next_cursor: null,
};

const noPostgres = unavailable('Postgres is unavailable; retry later.');
const noCatalogue = unavailable('The ad catalogue is unavailable; retry later.');

/** The OpenAPI 3.1 document of the whole API, generated from the schemas that validate requests. */
export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ads Metric Tracker',
      version: '1.0.0',
      description: API_DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This address' }],
    tags: [
      { name: 'ads', description: 'The catalogue of ads' },
      { name: 'events', description: 'Events that players report' },
      { name: 'analytics', description: 'Counters for advertisers and analysts' },
      { name: 'management', description: 'Health, metrics and versions, for operators' },
    ],
    paths: {
      [`${API_PREFIX}${ENDPOINTS.ads.path}`]: {
        get: {
          operationId: 'listAds',
          tags: ['ads'],
          summary: 'List the ads',
          description:
            'Returns a page of up to 1,000 ads, oldest first. Pass `next_cursor` as `cursor` to get the next page. While Postgres is unavailable, cached pages are still returned.',
          parameters: queryParameters(adsQuery, { limit: 100, cursor: OPAQUE_CURSOR }),
          responses: {
            200: withCaching(json('A page of ads.', 'Ads', { ads: [ad], count: 1, next_cursor: null })),
            304: notModified('The page has not changed since the response that `If-None-Match` names.'),
            400: error(
              'A query parameter is invalid.',
              invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 1000' }]),
            ),
            429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
            503: retryLater('The catalogue is unavailable and the page is not cached.', noCatalogue),
            ...otherErrors,
          },
        },
      },
      ...Object.fromEntries(
        ENDPOINT_KINDS.map((kind) => [`${API_PREFIX}${EVENT_ENDPOINTS[kind].path}`, { post: eventOperation(kind) }]),
      ),
      [`${API_PREFIX}${ENDPOINTS.events.path}`]: { post: batchOperation() },
      [`${API_PREFIX}${ENDPOINTS.analytics.path}`]: {
        get: {
          operationId: 'readAnalytics',
          tags: ['analytics'],
          summary: 'Get clicks, impressions and CTR',
          description:
            'With `ad_id`, returns the counters of one ad. Without it, returns a page of all ads, those with the most clicks first. The windows slide by the second, the 24-hour window by the minute. `/api/v1/ads/analytics/report` has other ranges of time.',
          parameters: queryParameters(analyticsQuery, {
            ad_id: 'ad-001',
            timeframe: '1h',
            limit: 50,
            cursor: 'WzEyODQsImFkLTAwMSJd',
          }),
          responses: {
            200: withCaching({
              description: 'The counters of one ad, or a page of all ads.',
              headers: { ...requestIdHeader, ...rateLimitHeaders },
              content: {
                'application/json': {
                  schema: {
                    oneOf: [
                      { $ref: '#/components/schemas/AdAnalytics' },
                      { $ref: '#/components/schemas/AllAnalytics' },
                    ],
                  },
                  examples: {
                    one_ad: { summary: 'ad_id=ad-001&timeframe=1h', value: adExample },
                    all_ads: { summary: 'limit=1', value: allExample },
                  },
                },
              },
            }),
            304: notModified('The counters have not changed since the response that `If-None-Match` names.'),
            400: error(
              'A query parameter is invalid or unknown.',
              invalidFields([{ path: 'timeframe', message: 'timeframe must be one of 1m, 5m, 15m, 1h, 24h' }]),
            ),
            404: error('The ad does not exist.', unknownAd('no-such-ad', 404)),
            429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
            503: retryLater(
              'Redis and Postgres are both unavailable, or the ad catalogue is unavailable.',
              noCatalogue,
            ),
            ...otherErrors,
          },
        },
      },
      '/api/v1/ads/analytics/live': { get: liveOperation },
      '/api/v1/ads/analytics/report': {
        get: {
          operationId: 'readReport',
          tags: ['analytics'],
          summary: 'Get clicks, impressions and rates for any range of time',
          description:
            'Returns a time series or a total, optionally grouped by ad, campaign and advertiser. Days, weeks and months begin at midnight in the time zone `tz`; a day on which its clocks change is not 24 hours long. The report sums quarter-hours, so `from` and `to` must be whole quarter-hours.',
          parameters: queryParameters(reportQuery, {
            from: '2026-03-28',
            to: '2026-03-30',
            tz: 'Europe/Berlin',
            interval: 'day',
            group_by: 'campaign',
            metrics: 'clicks,impressions,ctr',
            ad_id: 'ad-001',
            campaign: 'spring',
            advertiser: 'Example Shop',
            placement: 'homepage',
            source: 'newsletter',
            device: 'mobile',
            country: 'DE',
            error_code: '303',
            format: 'json',
            order: '-clicks',
            limit: 100,
            cursor: OPAQUE_CURSOR,
          }),
          responses: {
            200: withRows(withCaching(json('The report.', 'Report', reportExample)), reportExample.rows),
            304: notModified('The report has not changed since the response that `If-None-Match` names.'),
            400: error(
              'A query parameter is invalid, or the report in JSON has more than 10,000 rows.',
              invalidFields([{ path: 'tz', message: 'tz must be an IANA time zone, such as Europe/Berlin' }]),
            ),
            429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
            503: retryLater('Postgres is unavailable.', noPostgres),
            ...otherErrors,
          },
        },
      },
      [`${API_PREFIX}${ENDPOINTS.playTime.path}`]: {
        get: {
          operationId: 'readPlayTimes',
          tags: ['analytics'],
          summary: 'Get the seconds of the video at which people click',
          description:
            'Returns the clicks of an ad by the second of the video, over all time. Clicks without `video_play_time` are not included.',
          parameters: queryParameters(playTimeQuery, { ad_id: 'ad-001' }),
          responses: {
            200: withCaching(
              json('Clicks by second.', 'PlayTimes', {
                ad_id: 'ad-001',
                clicks: 5,
                seconds: [
                  { second: 0, clicks: 1 },
                  { second: 12, clicks: 4 },
                ],
              }),
            ),
            304: notModified('The clicks have not changed since the response that `If-None-Match` names.'),
            400: error(
              'A query parameter is missing, invalid or unknown.',
              invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
            ),
            404: error('The ad does not exist.', unknownAd('no-such-ad', 404)),
            429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
            503: retryLater('Postgres is unavailable, or `MAX_EXPORTS` exports are in progress.', noPostgres),
            ...otherErrors,
          },
        },
      },
      [`${API_PREFIX}${ENDPOINTS.storedEvents.path}`]: { get: exportOperation },
      ...managementPaths,
    },
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'The API key: `ADMIN_API_KEY` of the service.' },
      },
      schemas: {
        Ads: schemaOf(adsResponse),
        ...eventSchemas(),
        AdAnalytics: schemaOf(adAnalyticsResponse),
        AllAnalytics: schemaOf(allAnalyticsResponse),
        LiveState: schemaOf(liveStateResponse),
        LiveUnavailable: schemaOf(liveUnavailableResponse),
        PlayTimes: schemaOf(playTimeResponse),
        Report: schemaOf(reportResponse),
        StoredEvent: schemaOf(storedEventResponse),
        Error: schemaOf(errorResponse),
      },
    },
  };
}
