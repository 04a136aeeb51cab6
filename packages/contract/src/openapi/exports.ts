import { invalidFields, unavailable } from '../errors.js';
import { eventsQuery } from '../events-query.js';
import { ROW_TYPES } from '../row-format.js';
import { rateLimitHeaders, requestIdHeader } from './headers.js';
import { error, fileHeader, queryParameters, retryLater } from './parts.js';
import { requestErrors } from './shared-responses.js';

const stored = {
  kind: 'click',
  id: '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d',
  ad_id: 'ad-001',
  occurred_at: '2026-01-02T03:04:05.678Z',
  received_at: '2026-01-02T03:04:05.912Z',
  claimed_at: null,
  ip: '203.0.113.7',
  video_play_time: 12.5,
  session_id: null,
  placement: 'homepage',
  source: 'newsletter',
  device: 'mobile',
  country: 'DE',
  error_code: null,
  verdict: 'valid',
};

/** `GET /api/v1/ads/analytics/events` */
export const exportOperation = {
  operationId: 'exportEvents',
  tags: ['analytics'],
  summary: 'Export stored events',
  description:
    'Returns every stored event of some ads whose `occurred_at` is in a range, as of one moment. Columns are the fields of `StoredEvent`. Rows are not sorted by time. The number of rows is not limited; the service sends them as fast as the client reads. An export that fails midway, takes longer than `EXPORT_TIMEOUT_SECONDS`, or whose key is deleted or expires, ends without its last chunk, which clients report as a broken connection.',
  parameters: queryParameters(eventsQuery, {
    ad_id: ['ad-001'],
    from: '2026-03-28',
    to: '2026-03-30',
    tz: 'Europe/Berlin',
    kind: ['click'],
    format: 'csv',
  }),
  responses: {
    200: {
      description: 'The events.',
      headers: {
        ...requestIdHeader,
        ...rateLimitHeaders,
        ...fileHeader('events-2026-03-28-2026-03-30.csv'),
      },
      content: {
        [ROW_TYPES.ndjson]: {
          schema: {
            type: 'string',
            description: 'A `StoredEvent` per line.',
            contentSchema: { $ref: '#/components/schemas/StoredEvent' },
          },
          example: `${JSON.stringify(stored)}\n`,
        },
        [ROW_TYPES.csv]: {
          schema: {
            type: 'string',
            description:
              'A header row, then a row per event (RFC 4180). Null is empty. A text that a spreadsheet would take for a formula begins with an apostrophe.',
          },
          example: `${Object.keys(stored).join()}\r\n${Object.values(stored).join()}\r\n`,
        },
      },
    },
    400: error(
      'A query parameter is missing or invalid.',
      invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
    ),
    503: retryLater(
      'Postgres is unavailable, or `MAX_EXPORTS` exports are in progress.',
      unavailable('Too many exports are in progress; retry later.', undefined, 5),
    ),
    ...requestErrors,
  },
};
