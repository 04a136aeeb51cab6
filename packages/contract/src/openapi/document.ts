import { ENDPOINT_KINDS } from '@ads/models';
import { adChange, newAd } from '../ad-requests.js';
import { adHistoryResponse, adImportResponse, adResponse, adsResponse, adTagsResponse } from '../ad-responses.js';
import { newKey } from '../key-requests.js';
import { createdKeyResponse, keyResponse, keysResponse } from '../key-responses.js';
import { API_PREFIX, ENDPOINTS, EVENT_ENDPOINTS } from '../paths.js';
import { qualityResponse } from '../quality-response.js';
import { rejectedResponse } from '../rejected-response.js';
import {
  adAnalyticsResponse,
  allAnalyticsResponse,
  errorResponse,
  liveStateResponse,
  liveUnavailableResponse,
  playTimeResponse,
  reportResponse,
  storedEventResponse,
} from '../responses.js';
import { newShare } from '../share-requests.js';
import { createdShareResponse, currentShareResponse, shareResponse, sharesResponse } from '../share-responses.js';
import { withAccess } from './access.js';
import { adsPaths } from './ads.js';
import { countersOperation } from './analytics.js';
import { batchOperation, eventOperation, eventSchemas } from './events.js';
import { exportOperation } from './exports.js';
import { keysPaths } from './keys.js';
import { liveOperation } from './live.js';
import { managementPaths } from './management.js';
import { schemaOf } from './parts.js';
import { playTimeOperation } from './play-time.js';
import { playerPaths } from './player.js';
import { qualityOperation } from './quality.js';
import { rejectedOperation } from './rejected.js';
import { reportOperation } from './report.js';
import { sharesPaths } from './shares.js';
import { tagPaths } from './tags.js';
import { vastOperation } from './vast.js';

const API_DESCRIPTION = `Counts clicks and impressions of ads, exactly once.

Send events with ${ENDPOINT_KINDS.map((kind) => `\`POST ${API_PREFIX}${EVENT_ENDPOINTS[kind].path}\``).join(' and ')}. A 202 means that the event is durable: NATS
JetStream acknowledged it, or Postgres committed it. Retry a failed request with the same id; it counts once.

Every path also works without \`${API_PREFIX}\`. Times are ISO 8601 in UTC. All errors have the same JSON body, except those of
pixels (a GIF), click-through links (HTML) and VAST (XML). Every response has the header \`X-Request-ID\`.`;

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
    // The operations that need a key say so themselves.
    security: [],
    tags: [
      { name: 'ads', description: 'The catalogue of ads. Changes need a key with the scope `manage`' },
      { name: 'events', description: 'Events that players report' },
      { name: 'analytics', description: 'Counters for advertisers and analysts' },
      { name: 'keys', description: 'API keys. Managing them needs `ADMIN_API_KEY`' },
      {
        name: 'shares',
        description:
          'Links that open the numbers of one ad or campaign. Managing them needs a key with the scope `manage`',
      },
      { name: 'management', description: 'Health, metrics and versions, for operators' },
    ],
    paths: withAccess({
      ...adsPaths,
      ...Object.fromEntries(
        ENDPOINT_KINDS.map((kind) => [`${API_PREFIX}${EVENT_ENDPOINTS[kind].path}`, { post: eventOperation(kind) }]),
      ),
      [`${API_PREFIX}${ENDPOINTS.events.path}`]: { post: batchOperation() },
      [`${API_PREFIX}${ENDPOINTS.rejectedEvents.path}`]: { get: rejectedOperation },
      ...tagPaths,
      [`${API_PREFIX}${ENDPOINTS.analytics.path}`]: { get: countersOperation },
      [`${API_PREFIX}${ENDPOINTS.liveAnalytics.path}`]: { get: liveOperation },
      [`${API_PREFIX}${ENDPOINTS.report.path}`]: { get: reportOperation },
      [`${API_PREFIX}${ENDPOINTS.playTime.path}`]: { get: playTimeOperation },
      [`${API_PREFIX}${ENDPOINTS.quality.path}`]: { get: qualityOperation },
      [`${API_PREFIX}${ENDPOINTS.storedEvents.path}`]: { get: exportOperation },
      ...keysPaths,
      ...sharesPaths,
      // Tags contain it without the prefix.
      [ENDPOINTS.vast.path]: { get: vastOperation },
      ...playerPaths,
      ...managementPaths,
    }),
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: '`ADMIN_API_KEY` of the service, or a key that it created.',
        },
      },
      schemas: {
        Ad: schemaOf(adResponse),
        AdHistory: schemaOf(adHistoryResponse),
        AdImport: schemaOf(adImportResponse),
        Ads: schemaOf(adsResponse),
        AdTags: schemaOf(adTagsResponse),
        NewAd: schemaOf(newAd),
        AdChange: schemaOf(adChange),
        Key: schemaOf(keyResponse),
        Keys: schemaOf(keysResponse),
        NewKey: schemaOf(newKey),
        CreatedKey: schemaOf(createdKeyResponse),
        NewShare: schemaOf(newShare),
        CreatedShare: schemaOf(createdShareResponse),
        CurrentShare: schemaOf(currentShareResponse),
        Share: schemaOf(shareResponse),
        Shares: schemaOf(sharesResponse),
        ...eventSchemas(),
        AdAnalytics: schemaOf(adAnalyticsResponse),
        AllAnalytics: schemaOf(allAnalyticsResponse),
        LiveState: schemaOf(liveStateResponse),
        LiveUnavailable: schemaOf(liveUnavailableResponse),
        PlayTimes: schemaOf(playTimeResponse),
        Quality: schemaOf(qualityResponse),
        RejectedEvents: schemaOf(rejectedResponse),
        Report: schemaOf(reportResponse),
        StoredEvent: schemaOf(storedEventResponse),
        Error: schemaOf(errorResponse),
      },
    },
  };
}
