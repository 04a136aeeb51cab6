import { ENDPOINT_KINDS } from '@ads/models';
import { adsQuery } from '../ads-query.js';
import { invalidFields } from '../errors.js';
import { API_PREFIX, ENDPOINTS, EVENT_ENDPOINTS } from '../paths.js';
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
import { countersOperation } from './analytics.js';
import { batchOperation, eventOperation, eventSchemas } from './events.js';
import { exportOperation } from './exports.js';
import { liveOperation } from './live.js';
import { managementPaths } from './management.js';
import {
  error,
  json,
  noCatalogue,
  notModified,
  OPAQUE_CURSOR,
  otherErrors,
  queryParameters,
  retryLater,
  schemaOf,
  tooManyReads,
  withCaching,
} from './parts.js';
import { playTimeOperation } from './play-time.js';
import { reportOperation } from './report.js';

const API_DESCRIPTION = `Counts clicks and impressions of ads, exactly once.

Send events with ${ENDPOINT_KINDS.map((kind) => `\`POST ${API_PREFIX}${EVENT_ENDPOINTS[kind].path}\``).join(' and ')}. A 202 means that the event is durable: NATS
JetStream acknowledged it, or Postgres committed it. Retry a failed request with the same id; it counts once.

Every path also works without \`${API_PREFIX}\`. Times are ISO 8601 in UTC. All errors have the same body, and every response has the
header \`X-Request-ID\`.`;

const ad = {
  id: 'ad-001',
  image_url: 'https://cdn.example.com/ads/001.png',
  target_url: 'https://shop.example.com/sale',
  created_at: '2026-01-01T00:00:00.000Z',
};

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
      [`${API_PREFIX}${ENDPOINTS.analytics.path}`]: { get: countersOperation },
      [`${API_PREFIX}${ENDPOINTS.liveAnalytics.path}`]: { get: liveOperation },
      [`${API_PREFIX}${ENDPOINTS.report.path}`]: { get: reportOperation },
      [`${API_PREFIX}${ENDPOINTS.playTime.path}`]: { get: playTimeOperation },
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
