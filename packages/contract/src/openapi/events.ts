import {
  batchedEvent,
  ENDPOINT_KINDS,
  type EndpointKind,
  EVENT_KINDS,
  eventRequests,
  KIND_ENDPOINTS,
} from '@ads/models';
import Joi from 'joi';
import {
  CONTENT_ENCODINGS,
  eventTooOld,
  invalidFields,
  payloadTooLarge,
  unavailable,
  unknownAd,
  unsupportedEncoding,
} from '../errors.js';
import { batchResponse, eventResponses } from '../responses.js';
import { error, exampleOf, type JsonSchema, json, otherErrors, retryLater, schemaOf, tooManyEvents } from './parts.js';

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
  const batch = {
    Batch: schemaOf(
      Joi.object({
        events: Joi.array()
          .items(batchedEvent)
          .min(1)
          .max(500)
          .required()
          .description('The events, 500 at most by default.'),
      }),
    ),
    BatchAccepted: schemaOf(batchResponse),
  };
  return Object.assign(batch, ...schemas);
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

/** `POST /api/v1/ads/events` */
export function batchOperation() {
  const events = [
    { kind: 'impression', ad_id: 'ad-001', impression_id: EVENT_ID, placement: 'home' },
    { kind: 'firstQuartile', ad_id: 'ad-001', event_id: EVENT_ID, placement: 'home' },
  ];
  const accepted = { ad_id: 'ad-001', timestamp: '2026-01-02T03:04:05.678Z' };
  const unknown = unknownAd('no-such-ad', 400);
  return {
    operationId: 'recordEvents',
    tags: ['events'],
    summary: 'Report events of any kind and ad in one request',
    description:
      'Takes up to 500 events, for players that were offline and for servers that report many players. Each event has its own result, and invalid events do not affect the others. Give each event an id, and send the whole batch again after a timeout or 503: what was accepted before counts once. The rate limit counts a batch as its number of events, or as its size in units of 2,048 bytes, whichever is greater.',
    requestBody: {
      required: true,
      description:
        'JSON with `events`, or NDJSON with an event per line. The body may be compressed (`Content-Encoding: gzip` or `deflate`); the limit of 1 MiB then holds before and after decompression.',
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/Batch' }, example: { events } },
        'application/x-ndjson': {
          schema: { type: 'string' },
          example: `${events.map((event) => JSON.stringify(event)).join('\n')}\n`,
        },
      },
    },
    responses: {
      202: json('Every accepted event is durable, and counts once.', 'BatchAccepted', {
        accepted: 2,
        rejected: 1,
        results: [
          { status: 'accepted', kind: 'impression', impression_id: EVENT_ID, ...accepted },
          { status: 'accepted', kind: 'firstQuartile', event_id: EVENT_ID, ...accepted },
          { status: 'rejected', error: unknown.code, message: unknown.message, details: unknown.details },
        ],
      }),
      400: error(
        'The body is not a batch, it has too many events, or none of them is valid.',
        invalidFields([{ path: 'events', message: 'events must be an array of 1 to 500 events' }]),
      ),
      413: error('The body is too large.', payloadTooLarge(1_048_576)),
      415: unsupported(),
      429: retryLater('The client has exceeded its limit of events.', tooManyEvents),
      503: retryLater(
        'No event is known to be durable. Send the batch again with the same ids; what was stored nevertheless counts once.',
        unavailable('No event of the batch is known to be stored; send the batch again.'),
      ),
      ...otherErrors,
    },
  };
}

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
      429: retryLater('The client has exceeded its limit of events.', tooManyEvents),
      503: retryLater(
        `The ${kind} is not durable. Retry it.`,
        unavailable('Neither NATS nor Postgres could store the event; send it again.'),
      ),
      ...otherErrors,
    },
  };
}
