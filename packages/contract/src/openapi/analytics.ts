import { analyticsQuery } from '../analytics-query.js';
import { invalidFields } from '../errors.js';
import { rateLimitHeaders, requestIdHeader } from './headers.js';
import { error, noCatalogue, OPAQUE_CURSOR, queryParameters, retryLater, withCaching } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

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

/** `GET /api/v1/ads/analytics` */
export const countersOperation = {
  operationId: 'readAnalytics',
  tags: ['analytics'],
  summary: 'Get clicks, impressions and CTR',
  description:
    'With `ad_id`, returns the counters of one ad. Without it, returns a page of all ads, those with the most clicks first. Windows slide by the second, the 24-hour window by the minute. Counters hold valid events only; `GET /api/v1/ads/analytics/report` has invalid events, and other ranges of time.',
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
            oneOf: [{ $ref: '#/components/schemas/AdAnalytics' }, { $ref: '#/components/schemas/AllAnalytics' }],
          },
          examples: {
            one_ad: { summary: 'ad_id=ad-001&timeframe=1h', value: adExample },
            all_ads: { summary: 'limit=1', value: allExample },
          },
        },
      },
    }),
    304: shared('NotModified'),
    400: error(
      'A query parameter is invalid or unknown, such as a `timeframe` that does not exist.',
      invalidFields([{ path: 'timeframe', message: 'timeframe must be one of 1m, 5m, 15m, 1h, 24h' }]),
    ),
    404: shared('UnknownAd'),
    503: retryLater(
      'Redis and Postgres are both unavailable, or the ads have not been read since the start of the service.',
      noCatalogue,
    ),
    ...requestErrors,
  },
};
