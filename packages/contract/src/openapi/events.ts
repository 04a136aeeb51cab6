import { ENDPOINT_KINDS, type EndpointKind, EVENT_KINDS, eventRequests, KIND_ENDPOINTS } from '@ads/models';
import {
  CONTENT_ENCODINGS,
  eventTooOld,
  invalidFields,
  payloadTooLarge,
  rateLimited,
  unavailable,
  unknownAd,
  unsupportedEncoding,
} from '../errors.js';
import { eventResponses } from '../responses.js';
import { error, exampleOf, type JsonSchema, json, otherErrors, retryLater, schemaOf } from './parts.js';

const EVENT_ID = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';

/** The schemas of requests and responses of all kinds, by name. */
export function eventSchemas(): Record<string, JsonSchema> {
  const schemas = ENDPOINT_KINDS.map((kind) => {
    const { label } = KIND_ENDPOINTS[kind];
    return {
      [label]: { ...schemaOf(eventRequests[kind]), examples: [exampleOf(kind)] },
      [`${label}Accepted`]: schemaOf(eventResponses[kind]),
    };
  });
  return Object.assign({}, ...schemas);
}

function unsupported() {
  const response = error(
    'The content type, character set or content encoding is not supported.',
    unsupportedEncoding(),
  );
  return { ...response, headers: { ...response.headers, ...acceptEncodingHeader } };
}

const acceptEncodingHeader = {
  'Accept-Encoding': {
    description: 'The supported content encodings, if the request has another one.',
    schema: { type: 'string' },
    example: CONTENT_ENCODINGS.join(', '),
  },
};

/** `POST /api/v1/ads/<kind>` */
export function eventOperation(kind: EndpointKind) {
  const { idField } = EVENT_KINDS[kind];
  const { label, participle } = KIND_ENDPOINTS[kind];
  const example = exampleOf(kind);
  const body = { schema: { $ref: `#/components/schemas/${label}` }, example };
  const accepted = {
    message: `${label} recorded`,
    [idField]: EVENT_ID,
    ad_id: 'ad-001',
    timestamp: '2026-01-02T03:04:05.678Z',
    processing: 'asynchronous',
  };
  return {
    operationId: `record${label}`,
    tags: ['events'],
    summary: `Report that an ad was ${participle}`,
    description: `Validates the ${kind}, makes it durable, and then answers 202. Send a \`${idField}\` or an \`Idempotency-Key\`, and retry with the same id after a timeout, 429 or 503: the ${kind} counts once. Unknown fields are ignored.`,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: `A UUID that is used as \`${idField}\` when the body has none. A UUIDv7 must not be more than a day in the future.`,
        schema: { type: 'string', format: 'uuid' },
        example: EVENT_ID,
      },
    ],
    requestBody: {
      required: true,
      description:
        'The body is a form, or JSON with the content type `application/json`, `text/plain`, `application/octet-stream` or none. `navigator.sendBeacon` sends all of these. `<a ping>` sends the fields in the query of the URL. The body may be compressed (`Content-Encoding: gzip` or `deflate`); the size limit then applies before and after decompression.',
      content: {
        'application/json': body,
        'text/plain': { schema: { type: 'string' }, example: JSON.stringify(example) },
        'application/x-www-form-urlencoded': body,
        'multipart/form-data': body,
      },
    },
    responses: {
      202: json(`The ${kind} is durable, and counts once.`, `${label}Accepted`, accepted),
      400: error(
        'The body is invalid, the ad does not exist, or the event is older than the service accepts.',
        invalidFields([{ path: 'ad_id', message: 'ad_id is required' }]),
        unknownAd('no-such-ad', 400),
        eventTooOld([{ path: 'timestamp', message: 'timestamp must not be more than 30 days ago' }]),
      ),
      413: error('The body is too large.', payloadTooLarge(16_384)),
      415: unsupported(),
      429: retryLater('The client has exceeded its limit of events.', rateLimited(6_000, 'kO3pXv1zQm8bT4Ya')),
      503: retryLater(
        `The ${kind} is not durable. Retry it.`,
        unavailable('Neither NATS nor Postgres could store the event; send it again.'),
      ),
      ...otherErrors,
    },
  };
}
