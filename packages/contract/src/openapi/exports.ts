import { invalidFields, unavailable } from '../errors.js';
import { eventsQuery } from '../events-query.js';
import { ROW_TYPES } from '../row-format.js';
import {
  error,
  fileHeader,
  otherErrors,
  queryParameters,
  rateLimitHeaders,
  requestIdHeader,
  retryLater,
  tooManyReads,
} from './parts.js';

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
    'Returns every stored event of some ads whose `occurred_at` is in a range, as of one moment. The columns are the fields of `StoredEvent`. Rows are not sorted: they come in the order in which they are stored, by the day in a UUIDv7, then ids of other versions. The answer has any number of rows, at the pace of the client. An export that fails midway, or takes longer than `EXPORT_TIMEOUT_SECONDS`, ends with a broken connection: the last chunk is missing.',
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
          schema: { type: 'string', description: 'A `StoredEvent` per line.' },
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
    429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
    503: retryLater(
      'Postgres is unavailable, or `MAX_EXPORTS` exports are in progress.',
      unavailable('4 exports are in progress; retry later.', undefined, 5),
    ),
    ...otherErrors,
  },
};
