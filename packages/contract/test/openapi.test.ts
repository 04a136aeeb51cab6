import { ENDPOINT_KINDS, eventRequests } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import Joi from 'joi';
import { openApiDocument } from '../src/openapi/document.js';
import { exampleOf, type JsonSchema, schemaOf } from '../src/openapi/parts.js';

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Response {
  readonly description: string;
  readonly headers: object;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly { readonly name: string; readonly description: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
}

const document = openApiDocument();
const schemas: Readonly<Record<string, JsonSchema | undefined>> = document.components.schemas;
const sharedResponses: Readonly<Record<string, Response>> = document.components.responses;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);
/** The responses that the operations describe themselves. */
const ownResponses = operations.flatMap(({ responses }) =>
  Object.values(responses).flatMap((response) => ('$ref' in response ? [] : [response])),
);

/** Expects examples of each body, which match its schema. */
function expectExamples(bodies: readonly Content[]): void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  for (const { schema, example, examples } of bodies) {
    const values = [example, ...Object.values(examples ?? {}).map(({ value }) => value)].filter(Boolean);
    expect(values).not.toEqual([]);
    const validate = ajv.compile({ ...schema, components: document.components });
    for (const value of values) expect([value, validate(value), validate.errors]).toEqual([value, true, null]);
  }
}

describe('the OpenAPI document', () => {
  it('has every field that the schemas check', () => {
    const { Click, Impression } = schemas;
    expect(Object.keys(Click?.properties ?? {})).toEqual(Object.keys(eventRequests.click.describe().keys));
    expect(Object.keys(Impression?.properties ?? {})).toEqual(Object.keys(eventRequests.impression.describe().keys));
    expect(Click?.required).toEqual(['ad_id']);
  });

  it('allows unknown fields', () => {
    for (const name of ['Click', 'Impression'] as const) {
      expect(schemas[name]).not.toHaveProperty('additionalProperties');
    }
  });

  it('has examples that are valid', () => {
    expect(eventRequests.click.validate(exampleOf('click'), { convert: false }).error).toBeUndefined();
    expect(eventRequests.impression.validate(exampleOf('impression'), { convert: false }).error).toBeUndefined();
  });

  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    'describes %s, with examples of every body that match their schema',
    (_id, { summary, description, parameters = [], requestBody, responses }) => {
      const own = Object.values(responses).flatMap((response) => ('$ref' in response ? [] : [response]));
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      for (const text of [description, ...[...parameters, ...own].map((part) => part.description)]) {
        expect(text).toMatch(/^[A-Z`].*\.$/s);
      }
      expectExamples([requestBody, ...own].flatMap((part) => Object.values(part?.content ?? {})));
    },
  );

  it.each(Object.entries(sharedResponses))('describes the response %s, with examples', (_name, response) => {
    expect(response.description).toMatch(/^[A-Z`].*\.$/s);
    expectExamples(Object.values(response.content ?? {}));
  });

  it('describes each response once', () => {
    const texts = [...ownResponses, ...Object.values(sharedResponses)].map((response) => JSON.stringify(response));
    expect(texts.filter((text, index) => texts.indexOf(text) < index)).toEqual([]);
  });

  it('describes every field of every schema', () => {
    const undescribed = (schema: JsonSchema, path: string): string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
        const at = `${path}.${name}`;
        const inner = undescribed({ ...property, ...(property.items as JsonSchema | undefined) }, at);
        return property.description === undefined ? [at, ...inner] : inner;
      });
    expect(Object.entries(document.components.schemas).flatMap(([name, schema]) => undescribed(schema, name))).toEqual(
      [],
    );
  });

  it('gives each operation a unique id, and a response for other errors', () => {
    expect(operations).toHaveLength(35 + ENDPOINT_KINDS.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { responses } of operations) expect(responses.default).toBeDefined();
  });

  it('documents the X-Request-ID of every response', () => {
    for (const { headers } of [...ownResponses, ...Object.values(sharedResponses)]) {
      expect(headers).toHaveProperty('X-Request-ID');
    }
  });

  it('has no dangling references', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, kind = '', name = ''] of references) expect(document.components).toHaveProperty([kind, name]);
  });
});

it('has no problem that the linter of Redocly finds', async () => {
  const config = await createConfig({
    extends: ['recommended'],
  });
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  expect(problems.map(({ ruleId, message, location: [at] }) => [ruleId, message, at?.pointer])).toEqual([]);
});

describe('the JSON Schema of a joi schema', () => {
  it('allows null among values where joi does', () => {
    const schema = Joi.object({ one: Joi.string().valid('a', 'b').allow(null), other: Joi.string().valid('a') });
    expect(schemaOf(schema).properties).toMatchObject({
      one: { type: ['string', 'null'], enum: ['a', 'b', null] },
      other: { type: 'string', enum: ['a'] },
    });
  });

  it('uses only formats of JSON Schema', () => {
    const [, ...found] = JSON.stringify(document).match(/"format":"[^"]+"/g) ?? [];
    expect([...new Set(found)].sort()).toEqual([
      '"format":"date-time"',
      '"format":"ipv4"',
      '"format":"ipv6"',
      '"format":"uuid"',
    ]);
  });
});
