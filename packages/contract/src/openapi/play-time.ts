import { invalidFields, unknownAd } from '../errors.js';
import { playTimeQuery } from '../play-time-query.js';
import {
  error,
  json,
  noPostgres,
  notModified,
  otherErrors,
  queryParameters,
  retryLater,
  tooManyReads,
  withCaching,
} from './parts.js';

/** `GET /api/v1/ads/analytics/play-time` */
export const playTimeOperation = {
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
    503: retryLater('Postgres is unavailable.', noPostgres),
    ...otherErrors,
  },
};
