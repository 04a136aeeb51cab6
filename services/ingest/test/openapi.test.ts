import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventRequests, KINDS } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import express from 'express';
import Joi from 'joi';
import { parse } from 'yaml';
import { openApiDocument } from '../src/openapi.js';
import { exampleOf, type JsonSchema, schemaOf } from '../src/openapi-parts.js';
import { swagger } from '../src/swagger.js';

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly { readonly name: string; readonly description: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly headers: object; readonly content?: Record<string, Content> }
    >
  >;
}

const document = openApiDocument();
const schemas: Readonly<Record<string, JsonSchema | undefined>> = document.components.schemas;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);

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
      const ajv = new Ajv2020({ strict: false, allErrors: true });
      formats.default(ajv);
      expect(summary).toMatch(/^[A-Z].*[^.]$/);
      for (const text of [
        description,
        ...[...parameters, ...Object.values(responses)].map((part) => part.description),
      ]) {
        expect(text).toMatch(/^[A-Z`].*\.$/s);
      }
      const bodies = [requestBody, ...Object.values(responses)].flatMap((part) => Object.values(part?.content ?? {}));
      for (const { schema, example, examples } of bodies) {
        const values = [example, ...Object.values(examples ?? {}).map(({ value }) => value)].filter(Boolean);
        expect(values).not.toEqual([]);
        const validate = ajv.compile({ ...schema, components: document.components });
        for (const value of values) expect([value, validate(value), validate.errors]).toEqual([value, true, null]);
      }
    },
  );

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
    expect(operations).toHaveLength(7 + KINDS.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { responses } of operations) expect(responses.default).toBeDefined();
  });

  it('documents the X-Request-ID of every response', () => {
    for (const { responses } of operations) {
      for (const { headers } of Object.values(responses)) expect(headers).toHaveProperty('X-Request-ID');
    }
  });

  it('has no dangling references', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
  });
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

describe('the Swagger pages', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const router = express.Router();
    swagger(router, document);
    server = createServer(express().use('/under', router).use(router));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('give the document as JSON and as YAML', async () => {
    const json = await (await fetch(`${url}/swagger/doc.json`)).json();
    expect(json).toEqual(JSON.parse(JSON.stringify(document)));
    expect(parse(await (await fetch(`${url}/swagger/swagger.yaml`)).text())).toEqual(json);
  });

  it('contain no inline script, and load nothing from other hosts', async () => {
    for (const path of ['/swagger/index.html', '/under/swagger']) {
      const page = await fetch(url + path);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("connect-src 'self';");
      expect(await page.text()).not.toMatch(/<script(?![^>]*\bsrc=)|https?:\/\/(?!www\.w3\.org)/);
    }
    const start = await (await fetch(`${url}/swagger/swagger-ui-init.js`)).text();
    // The badge of the validator would send the address of the document to swagger.io.
    expect(start).toContain('"validatorUrl": null');
  });

  it('load compressed files, cached for a day and then revalidated', async () => {
    const page = await (await fetch(`${url}/swagger/index.html`)).text();
    const names = [...page.matchAll(/(?:src|href)=["']\.\/([\w.-]+)["']/g)].map(([, name]) => name);
    expect(names).toContain('swagger-ui-bundle.js');
    for (const name of names.filter((one) => one !== 'swagger-ui-init.js')) {
      const file = await fetch(`${url}/swagger/${name}`);
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toBe('public, max-age=86400');
      expect(file.headers.get('content-encoding')).toBe('gzip');
      const plain = await fetch(`${url}/swagger/${name}`, { headers: { 'Accept-Encoding': 'identity' } });
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(await plain.text()).toBe(await file.text());
      // fetch would send Cache-Control: no-cache by default.
      const headers = { 'If-None-Match': file.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' };
      expect((await fetch(`${url}/swagger/${name}`, { headers })).status).toBe(304);
    }
  });

  it('serve no other files of the package', async () => {
    for (const name of ['swagger-ui-bundle.js.map', 'swagger-ui-es-bundle.js', 'index.js', '../package.json']) {
      expect((await fetch(`${url}/swagger/${name}`)).status).toBe(404);
    }
  });
});
