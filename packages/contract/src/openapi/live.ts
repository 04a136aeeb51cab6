import { invalidFields, notAcceptable, unavailable } from '../errors.js';
import { LIVE_ADS, liveQuery } from '../live-query.js';
import { rateLimitHeaders, requestIdHeader } from './headers.js';
import { error, noCatalogue, queryParameters, retryLater } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

const state = {
  time: '2026-01-02T03:04:05.512Z',
  source: 'redis',
  ads: [
    {
      ad_id: 'ad-001',
      total_clicks: 1_284,
      impressions: 25_680,
      ctr: 0.05,
      last_second: { clicks: 2, impressions: 41 },
    },
  ],
};

const stateOfAll = {
  ...state,
  all: {
    total_ads: 3,
    total_clicks: 2_310,
    impressions: 46_200,
    ctr: 0.05,
    last_second: { clicks: 5, impressions: 97 },
  },
};

const unavailableState = {
  time: '2026-01-02T03:04:06.512Z',
  message: 'Redis and Postgres are unavailable; the stream continues when one of them answers.',
};

const message = (data: object) => `id: 1767323045512\ndata: ${JSON.stringify(data)}\n\n`;

/** `GET /api/v1/ads/analytics/live` */
export const liveOperation = {
  operationId: 'streamAnalytics',
  tags: ['analytics'],
  summary: 'Follow clicks and impressions as they are counted',
  description: `Streams server-sent events: the totals and the last second of up to ${LIVE_ADS} ads, or of all ads together. Only valid events
are counted.

The first message is sent at once. After that, a message is sent for each second in which something has changed, half a second
after its end; \`last_second\` counts that second. Each message is the whole state, as JSON of the schema \`LiveState\`. Totals
agree with \`GET /api/v1/ads/analytics\` and never decrease within a stream.

- \`id\` is the time of the state in milliseconds. A client that reconnects gets the current state at once. \`Last-Event-ID\` is
  ignored: missed states are not repeated, because each message replaces the one before.
- \`retry\` differs between streams, so that clients do not reconnect at the same moment.
- The comment \`: heartbeat\` is sent after 15 seconds without a message.
- The event \`unavailable\`, with data of the schema \`LiveUnavailable\`, means that neither Redis nor Postgres answers. The stream
  stays open; the next message means that one of them answers again.
- The stream of a client that has not read a message for 5 seconds is closed.

The service ends all streams when it shuts down, and after the database was replaced or recounted. The next stream may then have
lower totals. The \`EventSource\` of browsers reconnects by itself after the end of a stream, but not after a 503.`,
  parameters: queryParameters(liveQuery, { ad_id: ['ad-001', 'ad-002'] }),
  responses: {
    200: {
      description: 'The stream.',
      headers: { ...requestIdHeader, ...rateLimitHeaders },
      content: {
        'text/event-stream': {
          schema: {
            type: 'string',
            description: 'Server-sent events. Their data is JSON.',
            contentSchema: {
              anyOf: [{ $ref: '#/components/schemas/LiveState' }, { $ref: '#/components/schemas/LiveUnavailable' }],
            },
          },
          examples: {
            one_ad: { summary: 'ad_id=ad-001', value: `retry: 1743\n\n${message(state)}: heartbeat\n\n` },
            all_ads: { summary: 'Without ad_id', value: `retry: 2210\n\n${message(stateOfAll)}` },
            unavailable: {
              summary: 'Neither Redis nor Postgres answers',
              value: `retry: 1518\n\nevent: unavailable\n${message(unavailableState)}`,
            },
          },
        },
      },
    },
    400: error(
      'A query parameter is invalid, or there are too many ads.',
      invalidFields([{ path: 'ad_id', message: `ad_id must contain less than or equal to ${LIVE_ADS} items` }]),
    ),
    404: shared('UnknownAd'),
    406: error('The client does not accept `text/event-stream`.', notAcceptable('text/event-stream')),
    503: retryLater(
      '`MAX_STREAMS` streams are open, or the catalogue is unavailable.',
      unavailable(
        '1000 streams are open, the limit of MAX_STREAMS; retry later, or read GET /api/v1/ads/analytics.',
        undefined,
        10,
      ),
      noCatalogue,
    ),
    ...requestErrors,
  },
};
