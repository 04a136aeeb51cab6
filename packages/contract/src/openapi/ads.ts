import { adHistoryQuery } from '../ad-history-query.js';
import { adImportQuery } from '../ad-import-query.js';
import { adsQuery } from '../ads-query.js';
import {
  adExists,
  adHasChanged,
  idempotencyKeyReused,
  invalidFields,
  invalidRequest,
  payloadTooLarge,
  unknownAd,
  unsupportedMediaType,
} from '../errors.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { ad, change, fields, history } from './ad-examples.js';
import { adTagsOperation } from './ad-tags.js';
import {
  adId,
  error,
  json,
  noCatalogue,
  notModified,
  OPAQUE_CURSOR,
  otherErrors,
  queryParameters,
  retryLater,
  tooManyReads,
  withCaching,
} from './parts.js';

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of the version that the change is for. Without it, the change applies to any version.',
  schema: { type: 'string', examples: ['"20260101000000000123"'] },
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Up to 255 printable ASCII characters. Repeat a request with the same key: it creates one ad.',
  schema: { type: 'string', maxLength: 255, examples: ['0f8fad5b-d9cb-469f-a165-70867728950e'] },
};

const version = {
  ETag: {
    description: 'Version of the ad, for `If-Match`.',
    schema: { type: 'string' },
    example: '"20260101000000000123"',
  },
};

const location = {
  Location: {
    description: 'Path of the ad.',
    required: true,
    schema: { type: 'string' },
    example: `${API_PREFIX}/ads/ad-001`,
  },
};

function versioned<Response extends { readonly headers: object }>(response: Response, more: object = {}) {
  return { ...response, headers: { ...response.headers, ...version, ...more } };
}

const body = (schema: string, example: object) => ({
  required: true,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example } },
});

const tags = ['ads'];

const common = {
  429: retryLater('The client has exceeded its limit of reads, which counts these requests too.', tooManyReads),
  503: retryLater('Postgres is unavailable.', noCatalogue),
  ...otherErrors,
};

const invalidBody = error(
  'The body is invalid.',
  invalidFields([{ path: 'target_url', message: 'target_url is required' }]),
);

const bodyErrors = {
  400: invalidBody,
  413: error('The body is too large.', payloadTooLarge(16_384)),
  415: error('The body is not JSON.', unsupportedMediaType('Unsupported Content-Type; use application/json.')),
};

const unknown = error('The ad does not exist.', unknownAd('no-such-ad', 404));
const lostUpdate = error('The ad has changed since the version in `If-Match`.', adHasChanged('ad-001'));

/** The paths of the catalogue. */
export const adsPaths = {
  [`${API_PREFIX}${ENDPOINTS.ads.path}`]: {
    get: {
      operationId: 'listAds',
      tags,
      summary: 'List the ads',
      description:
        'Returns a page of up to 1,000 ads, oldest first unless `sort=newest`. Pass `next_cursor` as `cursor` to get the next page, with the same filters and `sort`. Ads must fit all filters. A page examines at most 20,000 ads and has at most 4 MiB, so it may have fewer ads than `limit`, or none, although `next_cursor` is not null. Pages are cached for `AD_CATALOGUE_REFRESH_SECONDS`; a change appears at once in the replica that made it. While Postgres is unavailable, cached pages are still returned.',
      parameters: queryParameters(adsQuery, {
        limit: 100,
        cursor: OPAQUE_CURSOR,
        sort: 'newest',
        campaign: 'spring',
        advertiser: 'Example Shop',
        status: 'active',
        q: 'sale',
      }),
      responses: {
        200: withCaching(json('A page of ads.', 'Ads', { ads: [ad], count: 1, next_cursor: null })),
        304: notModified('The page has not changed since the response that `If-None-Match` names.'),
        400: error(
          'A query parameter is invalid or unknown.',
          invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 1000' }]),
        ),
        429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
        503: retryLater('The catalogue is unavailable and the page is not cached.', noCatalogue),
        ...otherErrors,
      },
    },
    post: {
      operationId: 'createAd',
      tags,
      summary: 'Register an ad',
      description:
        'Creates an ad, which takes events at once. With an `Idempotency-Key`, a repeated request gets the first answer again.',
      parameters: [idempotencyKey],
      requestBody: body('NewAd', { id: 'ad-001', ...fields }),
      responses: {
        201: versioned(json('The new ad.', 'Ad', ad), location),
        ...bodyErrors,
        409: error('The id is taken.', adExists('ad-001')),
        422: error('The `Idempotency-Key` was sent with another body.', idempotencyKeyReused()),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.importAds.path}`]: {
    post: {
      operationId: 'importAds',
      tags,
      summary: 'Register many ads',
      description:
        'Creates an ad for each line: CSV, whose first line names the fields, or NDJSON with a JSON object per line. At most `MAX_IMPORT_ADS` ads and `MAX_IMPORT_BYTES` bytes. Give the ads ids, so that a repeated import does not create them again. `mode=check` creates nothing, and tells which lines are valid.',
      parameters: queryParameters(adImportQuery, { mode: 'valid' }),
      requestBody: {
        required: true,
        content: {
          'text/csv': {
            schema: {
              type: 'string',
              description:
                'An empty field has no value. The columns `media_url`, `media_type`, `media_width`, `media_height`, `media_bitrate` and `media_delivery` are one media file.',
            },
            example: `id,campaign,target_url\nad-001,spring,${fields.target_url}\n`,
          },
          'application/x-ndjson': {
            schema: { type: 'string', description: 'A `NewAd` per line.' },
            example: `${JSON.stringify({ id: 'ad-001', campaign: 'spring', target_url: fields.target_url })}\n`,
          },
        },
      },
      responses: {
        200: json(
          'The ads were created, with `mode=valid` perhaps not all. With `mode=check`, the lines were validated.',
          'AdImport',
          {
            created: 1,
            rejected: 1,
            results: [
              { line: 2, status: 'created', id: 'ad-001' },
              { line: 3, status: 'rejected', details: [{ path: 'target_url', message: 'target_url is required' }] },
            ],
          },
        ),
        ...bodyErrors,
        400: error(
          'No ad was created. With `mode=all` at least one line is invalid; with `mode=valid` all lines are invalid. With every mode, the body cannot be read. `details` has the first 100 problems.',
          invalidRequest(
            'No ad was created, because 1 of 2 lines is invalid, for example lines.3.target_url: target_url is required.',
            [{ path: 'lines.3.target_url', message: 'target_url is required' }],
          ),
        ),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.ad.path}`]: {
    get: {
      operationId: 'readAd',
      tags,
      summary: 'Get an ad',
      description: 'Returns the ad as it is stored now. Its `ETag` is for `If-Match` of a change.',
      parameters: [adId],
      responses: {
        200: withCaching(json('The ad.', 'Ad', ad)),
        304: notModified('The ad has not changed since the response that `If-None-Match` names.'),
        404: unknown,
        ...common,
      },
    },
    patch: {
      operationId: 'changeAd',
      tags,
      summary: 'Change an ad',
      description:
        'Changes the fields in the body, and keeps the others. null removes a value. Old and new values are noted in the history.',
      parameters: [adId, ifMatch],
      requestBody: body('AdChange', change),
      responses: {
        200: versioned(json('The ad after the change.', 'Ad', { ...ad, ...change })),
        ...bodyErrors,
        404: unknown,
        412: lostUpdate,
        ...common,
      },
    },
    delete: {
      operationId: 'archiveAd',
      tags,
      summary: 'Archive an ad',
      description:
        'Sets `status` to `archived`. The ad keeps its history and counts, and its events still count, because players may report late. A PATCH of `status` takes it back.',
      parameters: [adId, ifMatch],
      responses: {
        200: versioned(json('The archived ad.', 'Ad', { ...ad, status: 'archived' })),
        404: unknown,
        412: lostUpdate,
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.adTags.path}`]: { get: adTagsOperation },
  [`${API_PREFIX}${ENDPOINTS.adHistory.path}`]: {
    get: {
      operationId: 'readAdHistory',
      tags,
      summary: 'Get the changes of an ad',
      description:
        'Returns who changed what, newest first. Changes by SQL are not included. Each change was noted in the transaction that made it.',
      parameters: [adId, ...queryParameters(adHistoryQuery, { limit: 20, cursor: 4711 })],
      responses: {
        200: json('The changes.', 'AdHistory', history),
        400: error(
          'A query parameter is invalid or unknown.',
          invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 100' }]),
        ),
        404: unknown,
        ...common,
      },
    },
  },
};
