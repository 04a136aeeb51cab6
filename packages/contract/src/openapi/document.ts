import { ENDPOINT_KINDS, VERSION } from '@ads/models';
import { adChange, newAd } from '../ad-requests.js';
import {
  adHistoryResponse,
  adImportResponse,
  adResponse,
  adsResponse,
  adTagsResponse,
  sharedAdResponse,
} from '../ad-responses.js';
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
import { sharedHeaders } from './headers.js';
import { keysPaths } from './keys.js';
import { liveOperation } from './live.js';
import { managementPaths } from './management.js';
import { schemaOf } from './parts.js';
import { playTimeOperation } from './play-time.js';
import { playerPaths } from './player.js';
import { qualityOperation } from './quality.js';
import { rejectedOperation } from './rejected.js';
import { reportOperation } from './report.js';
import { sharedResponses } from './shared-responses.js';
import { sharesPaths } from './shares.js';
import { pixelResponses, tagPaths } from './tags.js';
import { vastOperation } from './vast.js';

const API_DESCRIPTION = `Counts clicks, impressions and video events of ads, exactly once.

**"Try it out" sends real requests to this service.** Events that you send from here count in totals and reports, and ads that you
change are changed. Use an ad of your own for trials.

1. Register an ad: \`POST ${API_PREFIX}${ENDPOINTS.createAd.path}\`. This needs a key: choose **Authorize**.
2. Report events: ${ENDPOINT_KINDS.map((kind) => `\`POST ${API_PREFIX}${EVENT_ENDPOINTS[kind].path}\``).join(' and ')}. 202 means that the event is durable: NATS JetStream
   acknowledged it, or Postgres committed it. After a failure, retry with the same id; the event counts once.
3. Read counters: \`GET ${API_PREFIX}${ENDPOINTS.analytics.path}\`, and reports: \`GET ${API_PREFIX}${ENDPOINTS.report.path}\`.

Every path also works without \`${API_PREFIX}\`. Times are ISO 8601 in UTC. Errors have the same JSON body everywhere, except those of
pixels (a GIF), click-through links (HTML) and VAST (XML). Every response has the header \`X-Request-ID\`.`;

/** The OpenAPI 3.1 document of the whole API, generated from the schemas that validate requests. */
export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ads Metric Tracker',
      version: VERSION,
      description: API_DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This address' }],
    // The operations that need a key say so themselves.
    security: [],
    tags: [
      { name: 'ads', description: 'Ads and their tags' },
      { name: 'events', description: 'Events that players report. "Try it out" counts for real' },
      { name: 'analytics', description: 'Counters, reports, the live stream and exports' },
      { name: 'keys', description: 'API keys' },
      { name: 'shares', description: 'Links that open the numbers of one ad or campaign' },
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
      headers: sharedHeaders,
      responses: { ...sharedResponses, ...pixelResponses },
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description:
            '`ADMIN_API_KEY` of the service, which `npm start` prints, or a key of `POST /api/v1/keys`. Enter the key without `Bearer`.',
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
        SharedAd: schemaOf(sharedAdResponse),
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
