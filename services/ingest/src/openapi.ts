import {
  adAnalyticsResponse,
  adsQuery,
  adsResponse,
  allAnalyticsResponse,
  analyticsQuery,
  EVENT_KINDS,
  type EventKind,
  errorResponse,
  eventRequests,
  eventResponses,
  KINDS,
} from '@ads/models';
import type { Schema } from 'joi';
import { operationPaths } from './openapi-operations.js';
import {
  error,
  exampleOf,
  type JsonSchema,
  json,
  otherErrors,
  rateLimitHeaders,
  requestIdHeader,
  retryLater,
  schemaOf,
  withCaching,
} from './openapi-parts.js';

const API_DESCRIPTION = `Counts ad clicks and impressions, exactly.

A 202 means that the event is durable: it is sent after JetStream acknowledged or Postgres committed it. Send an event
again with the same id as often as you like, it counts once. Every path also answers without \`/api/v1\`.`;

/** The OpenAPI 3.1 document of the whole API, made from the schemas that validate, so that it can't drift from them. */
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
      { name: 'ads', description: 'The catalogue' },
      { name: 'events', description: 'For players' },
      { name: 'analytics', description: 'For advertisers' },
      { name: 'operations', description: 'For operators' },
    ],
    paths: {
      '/api/v1/ads': {
        get: {
          operationId: 'listAds',
          tags: ['ads'],
          summary: 'The catalogue, oldest ads first, in pages of up to 1,000',
          parameters: queryParameters(adsQuery),
          responses: {
            200: withCaching(json('A page of ads.', 'Ads')),
            304: { description: 'The page is the one that `If-None-Match` names.', headers: requestIdHeader },
            400: error('`limit` or `cursor` is not valid.'),
            429: retryLater('Too many requests.'),
            503: retryLater('The catalogue could not be read yet.'),
            ...otherErrors,
          },
        },
      },
      ...Object.fromEntries(KINDS.map((kind) => [`/api/v1/ads/${kind}`, { post: eventOperation(kind) }])),
      '/api/v1/ads/analytics': {
        get: {
          operationId: 'readAnalytics',
          tags: ['analytics'],
          summary: 'Totals, CTR and sliding windows: of one ad, or of all, busiest first',
          parameters: queryParameters(analyticsQuery),
          responses: {
            200: {
              description: 'With `ad_id` the ad, without it a page of all ads.',
              headers: { ...requestIdHeader, ...rateLimitHeaders },
              content: {
                'application/json': {
                  schema: {
                    oneOf: [
                      { $ref: '#/components/schemas/AdAnalytics' },
                      { $ref: '#/components/schemas/AllAnalytics' },
                    ],
                  },
                },
              },
            },
            400: error('Unknown timeframe, or another parameter that is not valid.'),
            404: error('No such ad.'),
            429: retryLater('Too many requests.'),
            503: retryLater('Neither Redis nor Postgres can answer now.'),
            ...otherErrors,
          },
        },
      },
      ...operationPaths,
    },
    components: {
      schemas: {
        Ads: schemaOf(adsResponse),
        ...eventSchemas(),
        AdAnalytics: schemaOf(adAnalyticsResponse),
        AllAnalytics: schemaOf(allAnalyticsResponse),
        Error: schemaOf(errorResponse),
      },
    },
  };
}

/** The schemas of the bodies and answers of events, by name. */
function eventSchemas(): Record<string, JsonSchema> {
  const schemas = KINDS.map((kind) => {
    const { label } = EVENT_KINDS[kind];
    return {
      [label]: { ...schemaOf(eventRequests[kind]), examples: [exampleOf(kind)] },
      [`${label}Accepted`]: schemaOf(eventResponses[kind]),
    };
  });
  return Object.assign({}, ...schemas);
}

function eventOperation(kind: EventKind) {
  const { idField, label: name, participle } = EVENT_KINDS[kind];
  const example = exampleOf(kind);
  const body = { schema: { $ref: `#/components/schemas/${name}` }, example };
  return {
    operationId: `record${name}`,
    tags: ['events'],
    summary: `Report that an ad was ${participle}`,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: `The \`${idField}\` of a body that has none: a UUID. The time of a UUIDv7 must not be more than a day ahead.`,
        schema: { type: 'string', format: 'uuid' },
      },
    ],
    requestBody: {
      required: true,
      description:
        'JSON under `application/json`, `text/plain`, `application/octet-stream` or no content type, or the fields of a form: ' +
        'whatever `navigator.sendBeacon` sends. `<a ping>` works too: its fields come in the query of the address.',
      content: {
        'application/json': body,
        'text/plain': { schema: { type: 'string' }, example: JSON.stringify(example) },
        'application/x-www-form-urlencoded': body,
        'multipart/form-data': body,
      },
    },
    responses: {
      202: json(`The ${kind} is durable, and will be counted once.`, `${name}Accepted`),
      400: error('Not JSON, not valid, or no such ad.'),
      413: error('The body is too large.'),
      415: error('The body has a content type that is none of these.'),
      429: retryLater('Too many requests.'),
      503: retryLater('Nothing durable can take it now: send it again.'),
      ...otherErrors,
    },
  };
}

/** Each field of an object schema as a query parameter. */
function queryParameters(schema: Schema) {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}
