import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ENDPOINTS,
  type HealthAnswer,
  healthSchema,
  infoSchema,
  liveSchema,
  MANAGEMENT_PATHS,
  notReadySchema,
  readySchema,
} from '@ads/contract';
import { createHealth, createMetrics, managementEndpoints } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const { health, live, ready, info } = ENDPOINTS;
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);

let server: Server;
let url: string;
let isReady = true;
let isBroken = false;

/** Every field of the report occurs, and every status of a dependency. */
const state = createHealth({
  service: 'test',
  version: '1.2.3',
  description: 'Is tested.',
  dependencies: {
    nats: () => ({ status: 'up', breaker: 'closed' }),
    postgres: () => ({ status: 'down', breaker: 'open', detail: 'connection refused' }),
    redis: () => ({ status: 'up', breaker: 'half-open' }),
  },
  conditions: { active: () => ({ clock_skew: 'The clock is wrong.' }) },
  status: () => (isBroken ? 'unhealthy' : 'healthy'),
  ready: () => isReady,
});

beforeAll(async () => {
  const answer = managementEndpoints({ health: state, metrics: createMetrics('test') });
  server = createServer((request, response) => {
    if (!answer(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** The schema, without the permission for fields that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  return 'required' in parts ? { ...parts, additionalProperties: false } : parts;
}

/** Reads a path, and expects the body to have the fields of the schema and no others. */
async function read(path: string, schema: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url + path, { headers });
  const body: unknown = await response.json();
  const validate = ajv.compile(closed(schema) as object);
  expect([body, validate(body), validate.errors]).toEqual([body, true, null]);
  return { status: response.status, body: body as Record<string, unknown> };
}

describe('the management endpoints answer as the contract says', () => {
  it('at each path', async () => {
    for (const path of MANAGEMENT_PATHS) expect([path, (await fetch(url + path)).status]).toEqual([path, 200]);
  });

  it('/health: every field of the schema, to a direct request', async () => {
    // Fails to compile if a field or a value of the report is not in the contract.
    const report: HealthAnswer = state.report();
    const { body } = await read(health.path, healthSchema);
    expect(body).toEqual({ ...report, uptime_seconds: expect.any(Number) });
    const { properties } = healthSchema;
    expect(Object.keys(body).sort()).toEqual(Object.keys(properties).sort());
    const { postgres } = body.dependencies as Record<string, object>;
    expect(Object.keys(postgres ?? {})).toEqual(Object.keys(properties.dependencies.additionalProperties.properties));
  });

  it('/health: the required fields, to a request through a proxy', async () => {
    const { body } = await read(health.path, healthSchema, { 'X-Forwarded-For': '203.0.113.7' });
    expect(Object.keys(body)).toEqual(healthSchema.required);
    const { required } = healthSchema.properties.dependencies.additionalProperties;
    for (const one of Object.values(body.dependencies as object)) expect(Object.keys(one)).toEqual(required);
  });

  it('/health: each status', async () => {
    expect((await read(health.path, healthSchema)).body.status).toBe('degraded');
    isBroken = true;
    expect(await read(health.path, healthSchema)).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    isBroken = false;
  });

  it('/live, /ready, /info', async () => {
    await read(live.path, liveSchema);
    await read(info.path, infoSchema);
    await read(ready.path, readySchema);
    isReady = false;
    expect((await read(ready.path, notReadySchema)).status).toBe(503);
    isReady = true;
  });
});
