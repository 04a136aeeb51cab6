import { EVENT_FIELDS, EVENT_KINDS, type EventKind } from '@ads/models';
import type { Schema } from 'joi';
import { type ApiError, errorBody, unavailable } from '../errors.js';
import { ROW_TYPES, RULES_HEADER } from '../row-format.js';
import { cachingHeaders, rateLimitHeaders, requestIdHeader, retryAfterHeader } from './headers.js';

/** The parts of a JSON Schema that this code reads. */
export interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** Converts a joi schema to JSON Schema 2020-12, the version of OpenAPI 3.1. */
export function schemaOf(schema: Schema): JsonSchema {
  return corrected(schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })) as JsonSchema;
}

/** Corrects, at any depth, the parts of joi's JSON Schema that other programs misread. */
function corrected(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(corrected);
  if (typeof part !== 'object' || part === null) return part;
  const { format, ...rest } = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, corrected(value)]));
  return {
    ...rest,
    // JSON Schema has no format for addresses of both versions.
    ...(format === 'ip' ? { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] } : {}),
    ...(format === undefined || format === 'ip' ? {} : { format }),
    // joi adds null to the types but not to the enum, so the enum forbids it.
    ...(Array.isArray(rest.enum) && Array.isArray(rest.type) && rest.type.includes('null')
      ? { enum: [...rest.enum, null] }
      : {}),
  };
}

/** A valid request body of a kind. */
export function exampleOf(kind: EventKind): object {
  const fields = EVENT_KINDS[kind].fields.map((field) => [field, EVENT_FIELDS[field].example]);
  return { ad_id: 'ad-001', ...Object.fromEntries(fields) };
}

const REQUEST_ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** A JSON response on a path with a limit. @param schema name in the components */
export function json(description: string, schema: string, example: object) {
  return {
    description,
    headers: { ...requestIdHeader, ...rateLimitHeaders },
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example } },
  };
}

/** Adds the headers of a response that clients may cache. */
export function withCaching<Response extends { readonly headers: object }>(response: Response) {
  return { ...response, headers: { ...response.headers, ...cachingHeaders } };
}

/** On responses that browsers save. @param file an example of its name */
export function fileHeader(file: string) {
  return {
    'Content-Disposition': {
      description: 'A file name, for browsers. CSV and NDJSON have one, JSON has none.',
      schema: { type: 'string' },
      example: `attachment; filename="${file}"`,
    },
  };
}

const rulesHeader = {
  [RULES_HEADER]: {
    description: 'The `hash` of `invalid_traffic` in JSON. CSV and NDJSON have it.',
    schema: { type: 'string' },
    example: 'b1e7a39c0d5f2846',
  },
};

/** Adds the formats of rows to a response in JSON that has `rows`. @param file an example of the name of a file of rows */
export function withRows<Response extends { readonly headers: object; readonly content: object }>(
  response: Response,
  rows: readonly object[],
  file: string,
) {
  const cells = rows.map((row) => Object.values(row).join());
  return {
    ...response,
    headers: { ...response.headers, ...fileHeader(file), ...rulesHeader },
    content: {
      ...response.content,
      [ROW_TYPES.ndjson]: {
        schema: { type: 'string', description: 'An element of `rows` per line.' },
        example: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      },
      [ROW_TYPES.csv]: {
        schema: {
          type: 'string',
          description:
            'A header row, then the elements of `rows` (RFC 4180). Null is empty. A text that a spreadsheet would take for a formula begins with an apostrophe.',
        },
        example: [Object.keys(rows[0] ?? {}).join(), ...cells, ''].join('\r\n'),
      },
    },
  };
}

/** A response without a body. */
export function empty(description: string) {
  return { description, headers: { ...requestIdHeader, ...rateLimitHeaders } };
}

/** An error response. @param errors become the examples, in the form that the service sends */
export function error(description: string, ...errors: readonly ApiError[]) {
  const examples: Record<string, { summary: string; value: object }> = {};
  for (const one of errors) {
    const name = one.code in examples ? `${one.code}_${Object.keys(examples).length + 1}` : one.code;
    examples[name] = { summary: one.message, value: errorBody(one, REQUEST_ID) };
  }
  return {
    description,
    headers: { ...requestIdHeader, ...rateLimitHeaders },
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' }, examples } },
  };
}

/** The parameter of paths of an ad. */
export const adId = {
  name: 'ad_id',
  in: 'path',
  required: true,
  description: 'Id of the ad.',
  schema: { type: 'string' },
  example: 'ad-001',
};

/** An example of `next_cursor`. */
export const OPAQUE_CURSOR = 'MTc2NzMxNjQ0NTY3ODAwMCBhZC0wMDI';

/** The example of a 503 while the ads cannot be read. */
export const noCatalogue = unavailable('The ad catalogue is unavailable; retry later.');

/** The example of a 503 of a read of Postgres. */
export const noPostgres = unavailable('A dependency is unavailable; retry later.');

/** Adds the header that tells when to retry. */
export function withRetryAfter<Response extends { readonly headers: object }>(response: Response) {
  return { ...response, headers: { ...response.headers, ...retryAfterHeader } };
}

/** An error response that tells when to retry. */
export function retryLater(description: string, ...errors: readonly ApiError[]) {
  return withRetryAfter(error(description, ...errors));
}

/** The fields of an object schema as query parameters. */
export function queryParameters(schema: Schema, examples: Readonly<Record<string, unknown>>) {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    // A repeatable parameter is an array.
    schema: { ...rest, examples: [rest.type === 'array' ? [examples[name]].flat() : examples[name]] },
  }));
}
