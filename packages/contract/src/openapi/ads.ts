import { sharedAd } from '@ads/models';
import { adHistoryQuery } from '../ad-history-query.js';
import { adImportQuery } from '../ad-import-query.js';
import { adsQuery } from '../ads-query.js';
import { adExists, idempotencyKeyReused, invalidRequest, payloadTooLarge, unsupportedMediaType } from '../errors.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { ad, change, fields, history } from './ad-examples.js';
import { adTagsOperation } from './ad-tags.js';
import { adId, error, json, noCatalogue, OPAQUE_CURSOR, queryParameters, retryLater, withCaching } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

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
  description:
    'Identifies the request: up to 255 printable ASCII characters. A repeated request with the same key creates no second ad.',
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

const common = { 503: shared('CatalogueUnavailable'), ...requestErrors };

const bodyErrors = { 400: shared('InvalidBody'), 413: shared('BodyTooLarge'), 415: shared('BodyNotJson') };

/** Adds what a share gets in place of an ad. */
function orShared<Response extends object>(response: Response) {
  const schema = { anyOf: ['Ad', 'SharedAd'].map((name) => ({ $ref: `#/components/schemas/${name}` })) };
  const examples = { Key: { value: ad }, Share: { value: sharedAd(ad) } };
  return { ...response, content: { 'application/json': { schema, examples } } };
}

/** The paths of the catalogue. */
export const adsPaths = {
  [`${API_PREFIX}${ENDPOINTS.ads.path}`]: {
    get: {
      operationId: 'listAds',
      tags,
      summary: 'List the ads',
      description:
        'Returns a page of up to 1,000 ads that match all filters, oldest first unless `sort=newest`. To get the next page, pass `next_cursor` as `cursor`, with the same filters and `sort`. A page examines at most 20,000 ads and has at most 4 MiB, so it may have fewer ads than `limit`, or none, although `next_cursor` is not null. Pages are cached for `AD_CATALOGUE_REFRESH_SECONDS`; the replica that made a change shows it at once. While Postgres is unavailable, cached pages are still returned.',
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
        304: shared('NotModified'),
        400: shared('InvalidQuery'),
        503: retryLater('Postgres is unavailable, and the page is not cached.', noCatalogue),
        ...requestErrors,
      },
    },
    post: {
      operationId: 'createAd',
      tags,
      summary: 'Register an ad',
      description:
        'Creates an ad. Its events are accepted at once. With an `Idempotency-Key`, a repeated request gets the first answer again.',
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
        'Creates an ad for each line of a CSV table, whose first line names the fields, or of NDJSON, with a JSON object per line. An import has at most `MAX_IMPORT_ADS` ads and `MAX_IMPORT_BYTES` bytes. Give the ads ids, so that a repeated import does not create them again. `mode=check` creates nothing, and returns which lines are valid.',
      parameters: queryParameters(adImportQuery, { mode: 'valid' }),
      requestBody: {
        required: true,
        content: {
          'text/csv': {
            schema: {
              type: 'string',
              description:
                'The fields of `NewAd`. An empty cell has no value. The columns `media_url`, `media_type`, `media_width`, `media_height`, `media_bitrate` and `media_delivery` describe one media file.',
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
          'The result of each line. With `mode=all`, every ad was created. With `mode=valid`, the ads of valid lines were created. With `mode=check`, no ad was created.',
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
        400: error(
          'No ad was created, because a line is invalid (`mode=all`), every line is invalid (`mode=valid`), or the body cannot be read. `details` has the first 100 problems.',
          invalidRequest(
            'No ad was created, because 1 of 2 lines is invalid, for example lines.3.target_url: target_url is required.',
            [{ path: 'lines.3.target_url', message: 'target_url is required' }],
          ),
        ),
        413: error('The body is larger than `MAX_IMPORT_BYTES`.', payloadTooLarge(1_048_576)),
        415: error(
          'The content type is neither CSV nor NDJSON.',
          unsupportedMediaType(
            'Unsupported Content-Type; use text/csv, application/x-ndjson, application/ndjson, application/jsonl.',
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
      description:
        'Returns the ad as it is stored now. A share gets its names, state and dates only (`SharedAd`). Send its `ETag` as `If-Match` of a change, so that the change overwrites no other change.',
      parameters: [adId],
      responses: {
        200: withCaching(orShared(json('The ad; for a share, its names, state and dates.', 'Ad', ad))),
        304: shared('NotModified'),
        404: shared('UnknownAd'),
        ...common,
      },
    },
    patch: {
      operationId: 'changeAd',
      tags,
      summary: 'Change an ad',
      description:
        'Changes the fields in the body, and keeps the others. null removes a value. The history keeps old and new values.',
      parameters: [adId, ifMatch],
      requestBody: body('AdChange', change),
      responses: {
        200: versioned(json('The ad after the change.', 'Ad', { ...ad, ...change })),
        ...bodyErrors,
        404: shared('UnknownAd'),
        412: shared('AdHasChanged'),
        ...common,
      },
    },
    delete: {
      operationId: 'archiveAd',
      tags,
      summary: 'Archive an ad',
      description:
        'Sets `status` to `archived`. The ad keeps its history and its counts. Its events still count, because players may report late. A PATCH of `status` makes it active again.',
      parameters: [adId, ifMatch],
      responses: {
        200: versioned(json('The archived ad.', 'Ad', { ...ad, status: 'archived' })),
        404: shared('UnknownAd'),
        412: shared('AdHasChanged'),
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
        'Returns the changes of the ad, newest first: when, by which key, old and new values. Each change is recorded in the transaction that makes it. Changes by SQL are not included.',
      parameters: [adId, ...queryParameters(adHistoryQuery, { limit: 20, cursor: 4711 })],
      responses: {
        200: json('The changes.', 'AdHistory', history),
        400: shared('InvalidQuery'),
        404: shared('UnknownAd'),
        ...common,
      },
    },
  },
};
