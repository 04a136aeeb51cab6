import { invalidFields } from '../errors.js';
import { playTimeQuery } from '../play-time-query.js';
import { error, json, queryParameters, withCaching } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

/** `GET /api/v1/ads/analytics/play-time` */
export const playTimeOperation = {
  operationId: 'readPlayTimes',
  tags: ['analytics'],
  summary: 'Get the seconds of the video at which people click',
  description:
    'Returns the valid clicks of an ad by the second of the video, over all time. Clicks without `video_play_time` are not included.',
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
    304: shared('NotModified'),
    400: error('`ad_id` is missing or invalid.', invalidFields([{ path: 'ad_id', message: 'ad_id is required' }])),
    404: shared('UnknownAd'),
    503: shared('PostgresUnavailable'),
    ...requestErrors,
  },
};
