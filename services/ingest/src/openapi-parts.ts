import { EVENT_FIELDS, EVENT_KINDS, type EventKind } from '@ads/models';
import type { Schema } from 'joi';

/** A JSON Schema, as far as the document looks into it. */
export interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** The JSON Schema (2020-12, as OpenAPI 3.1 wants it) of a joi schema. */
export function schemaOf(schema: Schema): JsonSchema {
  return mended(schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })) as JsonSchema;
}

/** Mends, at any depth, what joi writes and other programs would misread. */
function mended(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(mended);
  if (typeof part !== 'object' || part === null) return part;
  const { format, ...rest } = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, mended(value)]));
  return {
    ...rest,
    // JSON Schema has no format for an address of either version.
    ...(format === 'ip' ? { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] } : {}),
    ...(format === undefined || format === 'ip' ? {} : { format }),
    // joi puts null among the types only, where the list of values then forbids it again.
    ...(Array.isArray(rest.enum) && Array.isArray(rest.type) && rest.type.includes('null')
      ? { enum: [...rest.enum, null] }
      : {}),
  };
}

/** A body that can be sent as it is. */
export function exampleOf(kind: EventKind): object {
  const fields = EVENT_KINDS[kind].fields.map((field) => [field, EVENT_FIELDS[field].example]);
  return { ad_id: 'ad-001', ...Object.fromEntries(fields) };
}

/** On every answer. */
export const requestIdHeader = {
  'X-Request-ID': { description: "The caller's, or a new one.", schema: { type: 'string' } },
};

/** On the answers of paths that have a limit per client, unless it is switched off. */
export const rateLimitHeaders = {
  'RateLimit-Policy': { description: 'The limit: q requests in w seconds.', schema: { type: 'string' } },
  RateLimit: { description: 'r requests are left, until t seconds have passed.', schema: { type: 'string' } },
};

const retryAfterHeader = {
  'Retry-After': { description: 'Seconds to wait.', required: true, schema: { type: 'integer', minimum: 0 } },
};

/** A JSON answer of a schema in the components, on a path that has a limit. */
export function json(description: string, schema: string) {
  return {
    description,
    headers: { ...requestIdHeader, ...rateLimitHeaders },
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

/** An answer that callers may keep. */
export function withCaching(answer: ReturnType<typeof json>) {
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ETag: { description: 'For `If-None-Match`.', schema: { type: 'string' } },
      'Cache-Control': { description: 'How long the answer may be kept.', schema: { type: 'string' } },
    },
  };
}

/** An answer with the body that all errors have. */
export function error(description: string) {
  return json(description, 'Error');
}

/** An error that passes by itself. */
export function retryLater(description: string) {
  const answer = error(description);
  return { ...answer, headers: { ...answer.headers, ...retryAfterHeader } };
}

/** Whatever a path doesn't name, such as a fault of ours (500) or a proxy that reaches no service (503). */
export const otherErrors = {
  default: { ...error('Any other error, in the same form.'), headers: requestIdHeader },
};
