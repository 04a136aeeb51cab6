import type { EventKind } from '@ads/models';
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
  return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }) as JsonSchema;
}

/** A body that can be sent as it is. */
export function exampleOf(kind: EventKind): object {
  return kind === 'click' ? { ad_id: 'ad-001', video_play_time: 30 } : { ad_id: 'ad-001' };
}

/** On every answer. */
export const requestIdHeader = {
  'X-Request-ID': { description: "The caller's, or a new one.", schema: { type: 'string' } },
};

/** A JSON answer of a schema in the components. */
export function json(description: string, schema: string) {
  return {
    description,
    headers: requestIdHeader,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

const retryAfter = {
  'Retry-After': { description: 'Seconds to wait, with 429 and 503.', schema: { type: 'integer' } },
};

/** An answer with the body that all errors have. */
export function error(description: string) {
  const answer = json(description, 'Error');
  return { ...answer, headers: { ...answer.headers, ...retryAfter } };
}
