import {
  batchedEvent,
  ENDPOINT_KINDS,
  type EndpointKind,
  EVENT_KINDS,
  eventRequests,
  KIND_ENDPOINTS,
} from '@ads/models';
import Joi from 'joi';
import { invalidFields, payloadTooLarge, unavailable, unknownAd } from '../errors.js';
import { batchResponse, eventResponses } from '../responses.js';
import { error, exampleOf, type JsonSchema, json, retryLater, schemaOf } from './parts.js';
import { otherErrors, shared } from './shared-responses.js';

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
      'Accepts up to `MAX_BATCH_EVENTS` events (default: 500), from players that were offline and from servers that report for many players. Each event has its own result; an invalid event does not affect the others. Give each event an id. After a timeout or 503, send the whole batch again: events that were accepted before count once. The rate limit counts a batch as its number of events, or as its size in units of 2,048 bytes, whichever is greater.',
    requestBody: {
      required: true,
      description:
        'JSON with `events`, or NDJSON with an event per line. The body may be compressed (`Content-Encoding: gzip` or `deflate`); the limit `MAX_BATCH_BYTES` applies before and after decompression.',
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
        'The body is not a batch, it has too many events, or no event is valid.',
        invalidFields([{ path: 'events', message: 'events must be an array of 1 to 500 events' }]),
      ),
      413: error('The body is larger than `MAX_BATCH_BYTES`.', payloadTooLarge(1_048_576)),
      415: shared('UnsupportedBody'),
      429: shared('TooManyEvents'),
      503: retryLater(
        'No event is known to be durable. Send the batch again with the same ids; an event that was stored nevertheless counts once.',
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
    description: `Validates the ${kind}, makes it durable, and then answers 202. Send a \`${idField}\` or an \`Idempotency-Key\`. After a timeout, 429 or 503, retry with the same id: the ${kind} counts once. Unknown fields are ignored.`,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: `A UUID that is used as \`${idField}\` when the body has none. A UUIDv7 must not be more than a day in the future.`,
        // "Try it out" fills in an `example`: the event would count only the first time.
        schema: { type: 'string', format: 'uuid', examples: [EVENT_ID] },
      },
    ],
    requestBody: {
      required: true,
      description:
        'A form, or JSON with the content type `application/json`, `text/plain`, `application/octet-stream` or none. `navigator.sendBeacon` sends all of these. `<a ping>` sends the fields in the query of the URL. The body may be compressed (`Content-Encoding: gzip` or `deflate`); the limit `MAX_BODY_BYTES` applies before and after decompression.',
      content: {
        'application/json': body,
        'text/plain': { schema: { type: 'string' }, example: JSON.stringify(example) },
        'application/x-www-form-urlencoded': body,
        'multipart/form-data': body,
      },
    },
    responses: {
      202: json(`The ${kind} is durable, and counts once.`, `${label}Accepted`, accepted),
      400: shared('InvalidEvent'),
      413: shared('BodyTooLarge'),
      415: shared('UnsupportedBody'),
      429: shared('TooManyEvents'),
      503: retryLater(
        `The ${kind} is not durable. Retry it.`,
        unavailable('Neither NATS nor Postgres could store the event; send it again.'),
      ),
      ...otherErrors,
    },
  };
}
