import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLiveReader } from '@ads/harness';
import { freePort, type LocalProcess, openTestServers, type TestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, validate } from '@readme/openapi-parser';
import { type Client, createClient, readDocument } from './support/client.js';
import { ADMIN_KEY, type ContractStack, openContractStack } from './support/contract-stack.js';
import { expectError } from './support/errors.js';

let testServers: TestServers;
let contract: ContractStack;
let client: Client;
/** Ingest and analytics that need a key, with one request per minute for each client. */
let limited: { readonly ingest: Client; readonly analytics: Client };
/** Ingest and analytics without any server. */
let alone: { readonly ingest: Client; readonly analytics: Client };

beforeAll(async () => {
  testServers = openTestServers();
  contract = await openContractStack(testServers);
  client = contract.client;
  [limited, alone] = await Promise.all([startLimited(), startAlone()]);
});

afterAll(() => testServers.release());

async function startLimited() {
  const env = {
    ...contract.servers,
    RATE_LIMIT_EVENTS_PER_MINUTE: '1',
    RATE_LIMIT_READS_PER_MINUTE: '1',
    TRUST_PROXY: 'loopback',
    READ_ACCESS: 'key',
    EVENTS_ACCESS: 'key',
    MAX_EVENT_AGE_DAYS: '30',
  };
  const [ingest, analytics] = await Promise.all([
    testServers.service({ name: 'ingest', env }),
    testServers.service({ name: 'analytics', env }),
  ]);
  return { ingest: clientOf(ingest), analytics: clientOf(analytics) };
}

/** Ingest becomes ready with NATS alone, which is then killed; Postgres and Redis never run. */
async function startAlone() {
  const nobody = String(await freePort());
  const nats = await testServers.nats();
  const env = {
    ...{ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: nobody, POSTGRES_TIMEOUT_MS: '500' },
    ...{ REDIS_HOST: '127.0.0.1', REDIS_PORT: nobody },
    ...{ ...nats.env, NATS_TIMEOUT_MS: '500' },
    ADMIN_API_KEY: ADMIN_KEY,
  };
  const [ingest, analytics] = await Promise.all([
    testServers.service({ name: 'ingest', env }),
    testServers.service({ name: 'analytics', env }),
  ]);
  await nats.kill();
  return { ingest: clientOf(ingest), analytics: clientOf(analytics) };
}

function clientOf(service: LocalProcess): Client {
  return createClient(`http://${service.host}:${service.port}`, contract.documented);
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = await readDocument(contract.stack.url);
    const result = await validate(structuredClone(document) as Parameters<typeof validate>[0]);
    expect(result).toEqual({ valid: true, warnings: [], specification: 'OpenAPI' });
    expect(document).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
  });

  it('is equal as JSON and as YAML, under both prefixes', async () => {
    const document = await readDocument(contract.stack.url);
    for (const prefix of ['', '/api/v1']) {
      const json = await client.get(`${prefix}/swagger/doc.json`);
      expect(json.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(json.body).toEqual(document);
      const yaml = await client.get(`${prefix}/swagger/swagger.yaml`);
      expect(yaml.headers.get('content-type')).toMatch(/^application\/yaml/);
      const file = join(testServers.folder, 'swagger.yaml');
      writeFileSync(file, yaml.text);
      expect(await parse(file)).toEqual(document);
    }
  });
});

describe('ingest accepts a body exactly if the document allows it', () => {
  const ID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

  it.each<[string, unknown]>([
    ['click', { ad_id: 'ad-001' }],
    ['click', { ad_id: 'ad-001', video_play_time: 30 }],
    ['click', { ad_id: 'ad-001', ip: '203.0.113.7', timestamp: '2026-01-02T03:04:05Z', click_id: ID }],
    ['click', { ad_id: 'ad-001', ip: '2001:db8::1', timestamp: '2026-01-02T03:04:05.678+02:00' }],
    ['click', { ad_id: 'ad-001', ip: null, video_play_time: null, timestamp: null, click_id: null }],
    ['click', { ad_id: 'ad-001', video_play_time: 86_400, extra: [1] }],
    ['click', {}],
    ['click', []],
    ['click', { ad_id: 7 }],
    ['click', { ad_id: 'ad 001' }],
    ['click', { ad_id: '' }],
    ['click', { ad_id: 'x'.repeat(129) }],
    ['click', { ad_id: 'ad-001', ip: 'localhost' }],
    ['click', { ad_id: 'ad-001', ip: '10.0.0.0/8' }],
    ['click', { ad_id: 'ad-001', video_play_time: -1 }],
    ['click', { ad_id: 'ad-001', video_play_time: 86_401 }],
    ['click', { ad_id: 'ad-001', video_play_time: 12.345 }],
    ['click', { ad_id: 'ad-001', video_play_time: 86_400.5 }],
    ['click', { ad_id: 'ad-001', video_play_time: '30' }],
    ['click', { ad_id: 'ad-001', timestamp: 'now' }],
    ['click', { ad_id: 'ad-001', timestamp: 1 }],
    ['click', { ad_id: 'ad-001', click_id: 'abc' }],
    ['click', { ad_id: 'ad-001', click_id: `{${ID}}` }],
    ['impression', { ad_id: 'ad-001' }],
    ['impression', { ad_id: 'ad-001', impression_id: ID, ip: '203.0.113.7', timestamp: '2026-01-02T03:04:05Z' }],
    ['impression', { ad_id: 'ad-001', impression_id: 'abc' }],
    ['impression', { timestamp: '2026-01-02T03:04:05Z' }],
  ])('%s %j', async (kind, body) => {
    const allowed = contract.documented.schema(kind === 'click' ? 'Click' : 'Impression')(body);
    const { status } = await client.post(`/api/v1/ads/${kind}`, body);
    expect(status).toBe(allowed ? 202 : 400);
  });

  it('and accepts the examples of the document', async () => {
    const document = (await readDocument(contract.stack.url)) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { example: unknown }> } } }>;
    };
    for (const path of ['/api/v1/ads/click', '/api/v1/ads/impression']) {
      const content = document.paths[path]?.post.requestBody.content ?? {};
      expect(Object.keys(content)).toEqual([
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
      ]);
      for (const [type, { example }] of Object.entries(content)) {
        const { headers, body } = encode(type, example);
        expect((await client.send('POST', path, { headers, body })).status).toBe(202);
      }
    }
  });
});

describe('ingest and analytics return each documented response', () => {
  const AD = { ad_id: 'ad-001' };
  const ADS = '/api/v1/ads';
  const IMPORT = `${ADS}/import`;
  const CLICK = '/api/v1/ads/click';
  const IMPRESSION = '/api/v1/ads/impression';
  const BATCH = '/api/v1/ads/events';
  const REJECTED = `${BATCH}/rejected`;
  const PIXEL = '/t/start';
  const LINK = '/c/ad-001';
  const VAST = '/vast/ad-001';
  const ANALYTICS = '/api/v1/ads/analytics';
  const REPORT = `${ANALYTICS}/report`;
  const LIVE = `${ANALYTICS}/live`;
  const PLAY_TIME = `${ANALYTICS}/play-time`;
  const QUALITY = `${ANALYTICS}/quality`;
  const EXPORT = `${ANALYTICS}/events`;
  const KEYS = '/api/v1/keys';
  const SHARES = '/api/v1/shares';
  const AUTHORIZED = { Authorization: `Bearer ${ADMIN_KEY}` };
  const JSON_TYPE = { 'Content-Type': 'application/json' };
  const large = { ...AD, padding: 'x'.repeat(20_000) };

  it.each([
    '/api/v1/ads',
    ANALYTICS,
    `${ANALYTICS}?ad_id=ad-001`,
    `${ANALYTICS}?ad_id=ad-001&timeframe=1h`,
    `${ANALYTICS}?timeframe=24h&limit=1`,
    REPORT,
    `${REPORT}?from=2026-11-01&to=2026-12-01&tz=Asia/Kathmandu&interval=week&group_by=ad,campaign`,
    `${PLAY_TIME}?ad_id=ad-001`,
    `${QUALITY}?ad_id=ad-001`,
  ])('200: %s', async (path) => {
    expect((await client.get(path)).status).toBe(200);
  });

  it.each(['/health', '/live', '/ready', '/info', '/metrics'])('200, 431: %s', async (path) => {
    expect((await client.get(path)).status).toBe(200);
    expect((await client.get(path, { 'X-Padding': 'x'.repeat(20_000) })).status).toBe(431);
  });

  it.each([CLICK, IMPRESSION])('202, 400, 413, 415: %s', async (path) => {
    expect((await client.post(path, AD)).status).toBe(202);
    expect((await client.post(path, {})).status).toBe(400);
    expect((await client.post(path, { ad_id: 'no-such-ad' })).status).toBe(400);
    expect((await client.send('POST', path, { headers: JSON_TYPE, body: '{' })).status).toBe(400);
    expect((await client.post(path, large)).status).toBe(413);
    expect((await client.post(path, AD, { 'Content-Type': 'text/html' })).status).toBe(415);
  });

  it(`202, 400, 413, 415: ${BATCH}`, async () => {
    const batch = (...events: object[]) => ({ events });
    const click = { kind: 'click', ...AD };
    const { status, body } = await client.post(BATCH, batch(click, { ...click, ad_id: 'no-such-ad' }, { kind: 'x' }));
    expect([status, body]).toEqual([
      202,
      {
        accepted: 1,
        rejected: 2,
        results: [
          expect.objectContaining({ status: 'accepted', kind: 'click', ad_id: 'ad-001' }),
          expect.objectContaining({ status: 'rejected', error: 'unknown_ad' }),
          expect.objectContaining({ status: 'rejected', details: [expect.objectContaining({ path: 'kind' })] }),
        ],
      },
    ]);
    const lines = `{"kind":"start","ad_id":"ad-001"}\r\n\n{\n`;
    const ndjson = { headers: { 'Content-Type': 'application/x-ndjson' }, body: lines };
    expect((await client.send('POST', BATCH, ndjson)).body).toMatchObject({ accepted: 1, rejected: 1 });
    expect((await client.post(BATCH, {})).status).toBe(400);
    expect((await client.post(BATCH, batch(...Array.from({ length: 501 }, () => click)))).status).toBe(400);
    const invalid = await client.post(BATCH, batch({ ...AD, kind: 'error', error_code: 99 }));
    expect([invalid.status, invalid.body]).toEqual([
      400,
      expect.objectContaining({ details: [expect.objectContaining({ path: 'events.0.error_code' })] }),
    ]);
    expect((await client.post(BATCH, { ...batch(click), padding: 'x'.repeat(1_048_576) })).status).toBe(413);
    expect((await client.post(BATCH, batch(click), { 'Content-Type': 'text/html' })).status).toBe(415);
  });

  it(`200, 204, 400, 404, 413, 414: ${PIXEL}`, async () => {
    for (const method of ['GET', 'POST']) {
      const statusOf = async (path: string, body = '') =>
        (await client.send(method, path, method === 'POST' ? { body } : {})).status;
      expect(await statusOf(`${PIXEL}?ad_id=ad-001`, 'beacon')).toBe(200);
      expect(await statusOf(`/api/v1${PIXEL}?ad_id=ad-001&f=b`)).toBe(204);
      expect(await statusOf(PIXEL)).toBe(400);
      expect(await statusOf(`${PIXEL}?ad_id=no-such-ad`)).toBe(404);
      expect(await statusOf(`/t/starts?ad_id=ad-001`)).toBe(404);
      const long = `${PIXEL}?ad_id=ad-001&x=${'x'.repeat(8_192)}`;
      // The gateway has a limit of its own.
      expect((await alone.ingest.send(method, long)).status).toBe(414);
    }
    expect((await client.send('POST', `${PIXEL}?ad_id=ad-001`, { body: large.padding })).status).toBe(413);
  });

  it(`200: ${REJECTED}, with the rejections of all replicas, and without Redis those of one`, async () => {
    const rowsOf = async (to: Client) => {
      const { status, body } = await to.get(REJECTED);
      expect(status).toBe(200);
      return body as { rejected: Record<string, unknown>[]; complete: boolean };
    };
    await client.get(`${PIXEL}?ad_id=wrong-tag`);
    await client.get('/t/strat?ad_id=ad-001');
    await client.post(CLICK, { ad_id: 'ad-001', click_id: 'x' });
    await client.post(BATCH, {
      events: [
        { kind: 'click', ...AD },
        { kind: 'click', ad_id: 'wrong-item' },
      ],
    });
    await client.post(BATCH, { events: [{ kind: 'click', ad_id: 'wrong-batch' }] });
    const { rejected, complete } = await rowsOf(client);
    const named = (error: string, ad: string) => expect.objectContaining({ outcome: 'rejected', error, ad_id: ad });
    expect(rejected).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: '/t/{event}', error: 'unknown_ad', ad_id: 'wrong-tag' }),
        named('unknown_event', 'ad-001'),
        named('invalid_request', 'ad-001'),
        named('unknown_ad', 'wrong-item'),
        named('unknown_ad', 'wrong-batch'),
      ]),
    );
    expect(complete).toBe(true);
    const made = await client.post(KEYS, { name: 'reader', scopes: ['manage'] }, AUTHORIZED);
    const { key, id } = made.body as { readonly key: string; readonly id: string };
    let asked = 0;
    const isShared = async () => {
      // Each client has one request.
      const headers = { Authorization: `Bearer ${key}`, 'X-Forwarded-For': `2001:db8:${(asked++).toString(16)}::1` };
      const { status, body } = await limited.ingest.get(REJECTED, headers);
      return (
        status === 200 && (body as { rejected: typeof rejected }).rejected.some((row) => row.ad_id === 'wrong-tag')
      );
    };
    await waitFor(isShared, { timeoutMs: 5_000, intervalMs: 100, what: 'another replica to know the rejection' });
    await client.send('DELETE', `${KEYS}/${id}`, { headers: AUTHORIZED });
    await alone.ingest.get('/t/strat?ad_id=lonely');
    expect(await rowsOf(alone.ingest)).toMatchObject({
      rejected: expect.arrayContaining([named('unknown_event', 'lonely')]),
      complete: false,
    });
  });

  it(`302, 400, 404, 414: ${LINK}`, async () => {
    const { status, headers } = await client.get(`/api/v1${LINK}?pl=home`);
    expect([status, headers.get('location')]).toEqual([302, expect.stringMatching(/^https:\/\/example\.com\//)]);
    // The gateway answers an invalid percent-encoding itself.
    expect((await alone.ingest.get('/c/%ff')).status).toBe(400);
    expect((await client.get('/c/no-such-ad')).status).toBe(404);
    expect((await alone.ingest.get(`${LINK}?x=${'x'.repeat(8_192)}`)).status).toBe(414);
  });

  it(`200, 400, 404, 414: ${VAST}`, async () => {
    expect((await client.get(`${VAST}?placement=home`)).status).toBe(200);
    expect((await client.get('/vast/%ff')).status).toBe(400);
    expect((await client.get('/api/v1/vast/no-such-ad')).status).toBe(404);
    expect((await alone.ingest.get(`${VAST}?x=${'x'.repeat(8_192)}`)).status).toBe(414);
  });

  it('304, 400: /api/v1/ads', async () => {
    const { headers } = await client.get('/api/v1/ads');
    const etag = headers.get('etag') ?? '';
    expect([etag, headers.get('cache-control')]).toEqual([
      expect.stringMatching(/^"[\w-]+"$/),
      expect.stringMatching(/^public, max-age=\d+$/),
    ]);
    const again = await client.send('GET', '/api/v1/ads', { headers: { 'If-None-Match': etag } });
    expect([again.status, again.headers.get('etag')]).toEqual([304, etag]);
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=x',
      'cursor=x',
      'q=',
      'colour=red',
      `cursor=${'A'.repeat(300)}`,
    ]) {
      expect((await client.get(`/api/v1/ads?${query}`)).status).toBe(400);
    }
  });

  it.each([`${ANALYTICS}?ad_id=ad-002`, `${ANALYTICS}?limit=1&timeframe=1h`, REPORT, `${PLAY_TIME}?ad_id=ad-002`])(
    '304: %s',
    async (path) => {
      // The first answer after an event may come from Postgres, and `source` is part of the version.
      const again = await waitFor(
        async () => {
          const etag = (await client.get(path)).headers.get('etag') ?? '';
          expect(etag).toMatch(/^W\/"[\w-]+"$/);
          const found = await client.get(path, { 'If-None-Match': `"x", ${etag}` });
          return found.status === 304 && found.headers.get('etag') === etag && found;
        },
        { timeoutMs: 10_000, what: 'two equal answers' },
      );
      expect([again.text, again.headers.get('cache-control')]).toEqual(['', 'no-cache']);
      expect((await client.get(path, { 'If-None-Match': '"x"' })).status).toBe(200);
    },
  );

  it('the list of ads in pages', async () => {
    const whole = (await client.get('/api/v1/ads')).body as { ads: { id: string }[]; next_cursor: null };
    const first = (await client.get('/api/v1/ads?limit=2')).body as {
      ads: object[];
      count: number;
      next_cursor: string;
    };
    const second = (await client.get(`/api/v1/ads?limit=2&cursor=${first.next_cursor}`)).body;
    expect(first).toMatchObject({ ads: whole.ads.slice(0, 2), count: 2 });
    expect(second).toEqual({ ads: whole.ads.slice(2), count: 1, next_cursor: null });
    expect(whole.next_cursor).toBeNull();
  });

  it(`400, 404: ${ANALYTICS}`, async () => {
    expect((await client.get(`${ANALYTICS}?timeframe=2h`)).status).toBe(400);
    expect((await client.get(`${ANALYTICS}?ad_id=no-such-ad`)).status).toBe(404);
  });

  it(`200, 400, 404, 406: ${LIVE}`, async () => {
    for (const [path, accept] of [
      [`${LIVE}?ad_id=ad-001`, 'text/event-stream'],
      [LIVE, '*/*'],
    ] as const) {
      const reader = await openLiveReader(`${contract.stack.url}${path}`, { Accept: accept });
      const { data } = await reader.until(() => true, 'the first state');
      const isState = contract.documented.schema('LiveState');
      expect([isState(data), isState.errors]).toEqual([true, null]);
      const { status, headers } = reader;
      contract.documented.check({ method: 'GET', path, status, headers, body: '' });
      expect(['cache-control', 'x-accel-buffering'].map((name) => headers.get(name))).toEqual([
        'no-store, no-transform',
        'no',
      ]);
      reader.close();
    }
    expect((await client.get(`${LIVE}?ad=ad-001`)).status).toBe(400);
    expect((await client.get(`${LIVE}?ad_id=no-such-ad`)).status).toBe(404);
    expect((await client.get(LIVE, { Accept: 'application/json' })).status).toBe(406);
  });

  it(`400: ${REPORT}`, async () => {
    for (const query of ['tz=x', 'from=x', 'metrics=x', 'group_by=x', 'x=1', `campaign=${'x'.repeat(300)}`]) {
      expect((await client.get(`${REPORT}?${query}`)).status).toBe(400);
    }
  });

  it(`400, 404: ${QUALITY}`, async () => {
    for (const query of [
      '',
      'ad_id=ad-001&tz=UTC',
      'ad_id=ad-001&from=2026-01-01&to=2026-01-09',
      'ad_id=ad-001&to=2026-01-01T00:01Z',
    ]) {
      expect((await client.get(`${QUALITY}?${query}`)).status).toBe(400);
    }
    expect((await client.get(`${QUALITY}?ad_id=no-such-ad`)).status).toBe(404);
  });

  it(`400, 404: ${PLAY_TIME}`, async () => {
    expect((await client.get(PLAY_TIME)).status).toBe(400);
    expect((await client.get(`${PLAY_TIME}?ad_id=ad-001&from=2026-01-01`)).status).toBe(400);
    expect((await client.get(`${PLAY_TIME}?ad_id=no-such-ad`)).status).toBe(404);
  });

  it.each([
    [`${REPORT}?format=csv`, '*/*', 'text/csv', 'csv'],
    [REPORT, 'text/csv', 'text/csv', 'csv'],
    [REPORT, 'application/x-ndjson', 'application/x-ndjson', 'ndjson'],
    [`${REPORT}?format=json`, 'text/csv', 'application/json', undefined],
  ])('200 in the format of the request: %s, Accept: %s', async (path, accept, type, ending) => {
    const { status, headers, text } = await client.get(path, { Accept: accept });
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
    const file = ending && expect.stringMatching(`^attachment; filename="report-[-\\d]{21}\\.${ending}"$`);
    expect(headers.get('content-disposition')).toEqual(file ?? null);
    if (ending !== undefined) expect(headers.get('x-invalid-traffic-rules')).toMatch(/^[\da-f]{16}$/);
    const head = await fetch(`${contract.stack.url}${path}`, { method: 'HEAD', headers: { Accept: accept } });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, headers.get('content-type')]);
    expect(text).not.toBe('');
  });

  it('the report names the rules of ingest and of the gate, which ingest and the consumer share', async () => {
    const { body } = await client.get(REPORT);
    const period = { hash: expect.any(String), since: expect.any(String), until: null };
    expect(body).toMatchObject({
      invalid_traffic: {
        ingest: [
          { ...period, lists: { deny: null, datacenter: null }, isbot: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
        ],
        gate: [{ ...period, double_click_ms: 1_000, flood_per_hour: 30 }],
      },
    });
  });

  it(`200, 400, 401: ${EXPORT}`, async () => {
    for (const format of ['ndjson', 'csv']) {
      expect((await client.get(`${EXPORT}?ad_id=ad-001&format=${format}`, AUTHORIZED)).status).toBe(200);
    }
    expect((await client.get(EXPORT, AUTHORIZED)).status).toBe(400);
    expect((await client.get(`${EXPORT}?ad_id=ad-001`)).status).toBe(401);
  });

  it('201, 400, 401, 409, 413, 415, 422: POST /api/v1/ads', async () => {
    const ad = { id: 'documented', target_url: 'https://example.com/' };
    const key = { ...AUTHORIZED, 'Idempotency-Key': 'documented' };
    const created = await client.post(ADS, ad, key);
    expect([created.status, created.headers.get('location')]).toEqual([201, `${ADS}/documented`]);
    expect((await client.post(ADS, { target_url: 'https://example.com/' }, key)).status).toBe(422);
    expect((await client.post(ADS, ad, AUTHORIZED)).status).toBe(409);
    expect((await client.post(ADS, {}, AUTHORIZED)).status).toBe(400);
    expect((await client.post(ADS, ad)).status).toBe(401);
    expect((await client.post(ADS, large, AUTHORIZED)).status).toBe(413);
    expect((await client.post(ADS, ad, { ...AUTHORIZED, 'Content-Type': 'text/plain' })).status).toBe(415);
  });

  it(`200, 400, 401, 413, 415, 503: ${IMPORT}`, async () => {
    const send = (text: string, headers: Record<string, string> = {}, to = client) =>
      to.send('POST', `${IMPORT}?mode=valid`, {
        headers: { ...AUTHORIZED, 'Content-Type': 'text/csv', ...headers },
        body: text,
      });
    const csv = 'id,target_url\nimported,https://example.com/\n,\n';
    expect(
      (
        await client.send('POST', `${IMPORT}?mode=check`, {
          headers: { ...AUTHORIZED, 'Content-Type': 'text/csv' },
          body: csv,
        })
      ).body,
    ).toMatchObject({ created: 0, results: [{ status: 'valid' }, { status: 'rejected' }] });
    expect((await send(csv)).status).toBe(200);
    expect((await send(csv)).status).toBe(400);
    expect((await send(csv, { Authorization: '' })).status).toBe(401);
    expect((await send('x'.repeat(1_048_577))).status).toBe(413);
    expect((await send(csv, { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await send(csv, {}, alone.ingest)).status).toBe(503);
  });

  it(`200 to 415: ${ADS}/{ad_id} and its history`, async () => {
    const [path, missing] = [`${ADS}/documented`, `${ADS}/no-such-ad`];
    const send = (method: string, to: string, headers: Record<string, string>, body?: object) =>
      client.send(method, to, {
        headers: { ...JSON_TYPE, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const { status, headers } = await client.get(path);
    const etag = headers.get('etag') ?? '';
    expect(status).toBe(200);
    expect((await client.get(path, { 'If-None-Match': etag })).status).toBe(304);
    expect((await client.get(missing)).status).toBe(404);
    const title = { title: 'Größe' };
    expect((await send('PATCH', path, { ...AUTHORIZED, 'If-Match': etag }, title)).body).toMatchObject(title);
    for (const [method, body] of [['PATCH', title], ['DELETE']] as const) {
      expect((await send(method, path, { ...AUTHORIZED, 'If-Match': etag }, body)).status).toBe(412);
      expect((await send(method, missing, AUTHORIZED, body)).status).toBe(404);
      expect((await send(method, path, {}, body)).status).toBe(401);
      expect(
        (
          await alone.ingest.send(method, path, {
            headers: { ...JSON_TYPE, ...AUTHORIZED },
            ...(body && { body: JSON.stringify(body) }),
          })
        ).status,
      ).toBe(503);
    }
    expect((await send('PATCH', path, AUTHORIZED, {})).status).toBe(400);
    expect((await send('PATCH', path, AUTHORIZED, large)).status).toBe(413);
    expect((await send('PATCH', path, { ...AUTHORIZED, 'Content-Type': 'text/plain' }, title)).status).toBe(415);
    expect((await send('DELETE', path, AUTHORIZED)).body).toMatchObject({ ...title, status: 'archived' });
    expect((await client.get(`${path}/history`, AUTHORIZED)).status).toBe(200);
    expect((await client.get(`${path}/history?limit=0`, AUTHORIZED)).status).toBe(400);
    for (const [target, status] of [
      [`${path}/tags?placement=home`, 200],
      [`${path}/tags?limit=1`, 400],
      [`${missing}/tags`, 404],
    ] as const) {
      expect((await client.get(target, AUTHORIZED)).status).toBe(status);
    }
    expect((await client.get(`${path}/tags`)).status).toBe(401);
    expect((await alone.ingest.get(`${path}/tags`, AUTHORIZED)).status).toBe(503);
    expect((await client.get(`${missing}/history`, AUTHORIZED)).status).toBe(404);
    expect((await client.get(`${path}/history`)).status).toBe(401);
    expect((await alone.ingest.get(path)).status).toBe(503);
    expect((await alone.ingest.get(`${path}/history`, AUTHORIZED)).status).toBe(503);
    expect((await alone.ingest.post(ADS, { target_url: 'https://example.com/' }, AUTHORIZED)).status).toBe(503);
  });

  it(`200 to 503: ${KEYS}`, async () => {
    const body = { name: 'Größe', scopes: ['stitch'], expires_at: '2126-01-01T00:00:00+01:00' };
    const created = await client.post(KEYS, body, AUTHORIZED);
    const { key, ...rest } = created.body as { readonly key: string; readonly id: string };
    expect([created.status, key, rest]).toEqual([
      201,
      expect.stringMatching(/^amt_[\da-f]{64}$/),
      expect.objectContaining({ ...body, expires_at: '2125-12-31T23:00:00.000Z', created_by: 'admin' }),
    ]);
    await client.post(KEYS, body, AUTHORIZED);
    const page = await client.get(`${KEYS}?limit=1`, AUTHORIZED);
    expect(page.body).toEqual({ keys: [rest], next_cursor: rest.id });
    const next = await client.get(`${KEYS}?cursor=${rest.id}`, AUTHORIZED);
    expect(next.body).toMatchObject({ keys: [body.name].map((name) => ({ name })), next_cursor: null });
    const remove = (id: string, headers = {}, to = client) => to.send('DELETE', `${KEYS}/${id}`, { headers });
    for (const _twice of [1, 2]) expect(await remove(rest.id, AUTHORIZED)).toMatchObject({ status: 200, body: rest });
    for (const id of ['x', '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d']) {
      expect((await remove(id, AUTHORIZED)).status).toBe(404);
    }
    for (const wrong of [
      {},
      { ...body, scopes: ['all'] },
      { ...body, advertiser: 'x' },
      { ...body, expires_at: '2026-01-01' },
      { ...body, key },
    ]) {
      expect((await client.post(KEYS, wrong, AUTHORIZED)).status).toBe(400);
    }
    expect((await client.get(`${KEYS}?limit=0`, AUTHORIZED)).status).toBe(400);
    expect((await client.post(KEYS, body)).status).toBe(401);
    expect((await client.get(KEYS)).status).toBe(401);
    expect((await remove(rest.id)).status).toBe(401);
    expect((await client.post(KEYS, large, AUTHORIZED)).status).toBe(413);
    expect((await client.post(KEYS, body, { ...AUTHORIZED, 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await alone.ingest.post(KEYS, body, AUTHORIZED)).status).toBe(503);
    expect((await alone.ingest.get(KEYS, AUTHORIZED)).status).toBe(503);
    expect((await remove(rest.id, AUTHORIZED, alone.ingest)).status).toBe(503);
    await contract.database.query(
      `INSERT INTO api_keys (id, hash, name, scopes, created_by)
       SELECT gen_random_uuid(), sha256(n::text::bytea), 'x', '{read}', 'test' FROM generate_series(1, 9999) n`,
    );
    expect((await client.post(KEYS, body, AUTHORIZED)).status).toBe(409);
    await contract.database.query("DELETE FROM api_keys WHERE created_by = 'test'");
  });

  it(`200 to 503: ${SHARES}, which limit the holder although everybody may read`, async () => {
    const body = { name: 'Größe', ad_id: 'ad-001' };
    const created = await client.post(SHARES, body, AUTHORIZED);
    const { secret, ...rest } = created.body as { readonly secret: string; readonly id: string };
    expect([created.status, secret, rest]).toEqual([
      201,
      expect.stringMatching(/^ams_[\da-f]{64}$/),
      expect.objectContaining({ ...body, campaign: null, created_by: 'admin' }),
    ]);
    const share = { Authorization: `Bearer ${secret}` };
    expect((await client.get(`${SHARES}/current`, share)).body).toMatchObject({ ad_id: 'ad-001' });
    const quality = (id: string, headers = {}) => client.get(`${QUALITY}?ad_id=${id}`, headers);
    const isOpen = async () => (await quality('ad-002', share)).status === 404;
    await waitFor(isOpen, { timeoutMs: 5_000, what: 'analytics to know the share' });
    const own = await quality('ad-001', share);
    expect([own.status, own.headers.get('vary')]).toEqual([200, expect.stringContaining('Authorization')]);
    const closed = [ADS, ANALYTICS, LIVE, REJECTED, `${EXPORT}?ad_id=ad-001`];
    for (const path of closed) expect((await client.get(path, share)).status).toBe(403);
    expect((await quality('ad-002')).status).toBe(200);

    const page = await client.get(`${SHARES}?ad_id=ad-001&limit=1`, AUTHORIZED);
    expect(page.body).toEqual({ shares: [rest], next_cursor: null });
    const remove = (id: string, headers = {}, to = client) => to.send('DELETE', `${SHARES}/${id}`, { headers });
    for (const _twice of [1, 2]) expect(await remove(rest.id, AUTHORIZED)).toMatchObject({ status: 200, body: rest });
    expect((await client.get(`${SHARES}/current`, share)).status).toBe(401);
    for (const id of ['x', '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d']) {
      expect((await remove(id, AUTHORIZED)).status).toBe(404);
    }
    for (const wrong of [
      { name: 'x' },
      { ...body, campaign: 'x' },
      { ...body, advertiser: 'x' },
      { ...body, expires_at: '2026-01-01' },
      { ...body, expires_at: '2126-01-01' },
      { ...body, secret },
    ]) {
      expect((await client.post(SHARES, wrong, AUTHORIZED)).status).toBe(400);
    }
    for (const unknown of [{ ad_id: 'no-such-ad' }, { campaign: 'no such campaign' }]) {
      expect((await client.post(SHARES, { name: 'x', ...unknown }, AUTHORIZED)).status).toBe(404);
    }
    expect((await client.get(`${SHARES}?limit=0`, AUTHORIZED)).status).toBe(400);
    expect((await client.get(`${SHARES}/current`, AUTHORIZED)).status).toBe(404);
    expect((await client.post(SHARES, body)).status).toBe(401);
    expect((await client.get(SHARES)).status).toBe(401);
    expect((await remove(rest.id)).status).toBe(401);
    expect((await client.post(SHARES, large, AUTHORIZED)).status).toBe(413);
    expect((await client.post(SHARES, body, { ...AUTHORIZED, 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await alone.ingest.post(SHARES, body, AUTHORIZED)).status).toBe(503);
    expect((await alone.ingest.get(SHARES, AUTHORIZED)).status).toBe(503);
    expect((await alone.ingest.get(`${SHARES}/current`, share)).status).toBe(503);
    expect((await remove(rest.id, AUTHORIZED, alone.ingest)).status).toBe(503);
    await contract.database.query(
      `INSERT INTO api_keys (id, hash, name, scopes, ad_id, expires_at, created_by)
       SELECT gen_random_uuid(), sha256(n::text::bytea), 'x', '{share}', 'ad-001', 'infinity', 'test'
       FROM generate_series(1, 5000) n`,
    );
    expect((await client.post(SHARES, body, AUTHORIZED)).status).toBe(409);
    await contract.database.query("DELETE FROM api_keys WHERE created_by = 'test'");
  });

  it(`409 and 429: ${SHARES} of an advertiser whose keys have created 500 within 24 hours`, async () => {
    await contract.database.query(
      "INSERT INTO ads (id, image_url, target_url, advertiser) VALUES ('limited', '', 'https://example.com/', 'Limited')",
    );
    const made = await client.post(KEYS, { name: 'x', scopes: ['manage'], advertiser: 'Limited' }, AUTHORIZED);
    const { key, id } = made.body as { readonly key: string; readonly id: string };
    await contract.database.query(
      `INSERT INTO api_keys (id, hash, name, scopes, ad_id, advertiser, expires_at, created_by)
       SELECT gen_random_uuid(), sha256(n::text::bytea), 'x', '{share}', 'limited', 'Limited', 'infinity', 'x (${id})'
       FROM generate_series(1, 500) n`,
    );
    const share = () => client.post(SHARES, { name: 'x', ad_id: 'limited' }, { Authorization: `Bearer ${key}` });
    expect((await share()).status).toBe(409);
    await contract.database.query(`UPDATE api_keys SET deleted_at = now() WHERE created_by = 'x (${id})'`);
    const late = await share();
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(86_000);
    await contract.database.query(`DELETE FROM api_keys WHERE created_by = 'x (${id})' OR id = '${id}'`);
    await contract.database.query("DELETE FROM ads WHERE id = 'limited'");
  });

  it('401, 403 and 429 of services whose requests need a key, and that have no ADMIN_API_KEY', async () => {
    const AN_AD = `${ADS}/ad-001`;
    const ofRequests = (method: string, ...paths: string[]) => paths.map((path) => ({ method, path }));
    const open = [
      ...ofRequests('POST', CLICK, IMPRESSION, BATCH),
      ...ofRequests('GET', ADS, AN_AD, REJECTED, `${SHARES}/current`, ANALYTICS, REPORT, LIVE, PLAY_TIME, QUALITY),
    ];
    const managed = [
      ...ofRequests('POST', ADS, IMPORT, KEYS, SHARES),
      ...ofRequests('PATCH', AN_AD),
      ...ofRequests('DELETE', AN_AD, `${KEYS}/x`, `${SHARES}/x`),
      ...ofRequests('GET', `${AN_AD}/history`, `${AN_AD}/tags`, EXPORT, KEYS, SHARES),
    ];
    const refused = [
      ...open.map((request) => ({ ...request, status: 401 })),
      ...managed.map((request) => ({ ...request, status: 403 })),
      ...ofRequests('GET', VAST).map((request) => ({ ...request, status: 200 })),
      ...ofRequests('GET', PIXEL).map((request) => ({ ...request, status: 400 })),
      ...ofRequests('GET', LINK).map((request) => ({ ...request, status: 302 })),
      ...ofRequests('POST', PIXEL).map((request) => ({ ...request, status: 400 })),
      ...ofRequests('GET', '/player.js', '/player.mjs').map((request) => ({ ...request, status: 200 })),
      ...ofRequests('GET', '/player/0123.js').map((request) => ({ ...request, status: 302 })),
    ];
    const { body } = await client.post(KEYS, { name: 'x', scopes: ['stitch'] }, AUTHORIZED);
    const key = { Authorization: `Bearer ${(body as { key: string }).key}` };
    let clients = 0;
    /** Sends a request from a new client. @returns sends it again */
    const send = async ({ method, path }: (typeof open)[number], headers: Record<string, string>) => {
      const sent = { headers: { ...headers, 'X-Forwarded-For': `203.0.113.${clients++}` } };
      const to = path.startsWith(ANALYTICS) ? limited.analytics : limited.ingest;
      const { status } = await to.send(method, path, sent);
      return { status, again: async () => (await to.send(method, path, sent)).status };
    };
    const when = { timeoutMs: 5_000, what: 'the services to know the key' };
    for (const path of [ADS, ANALYTICS]) {
      await waitFor(async () => (await send({ method: 'GET', path }, key)).status === 403, when);
    }
    for (const request of open) {
      expect({ ...request, status: (await send(request, key)).status }).toEqual({ ...request, status: 403 });
    }
    for (const request of refused) {
      const { status, again } = await send(request, {});
      expect({ ...request, status }).toEqual(request);
      expect(await again()).toBe(429);
    }
  });

  it.each([CLICK, IMPRESSION])('503 while no store is available: %s', async (path) => {
    for (const _again of [1, 2]) {
      const answer = await alone.ingest.post(path, AD);
      expectError(answer, {
        status: 503,
        error: 'unavailable',
        message: 'Neither NATS nor Postgres could store the event; send it again.',
        details: [],
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it(`503 while no store is available: ${PIXEL}`, async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await alone.ingest.send(method, `${PIXEL}?ad_id=ad-001`);
      expect([answer.status, answer.headers.get('content-length')]).toEqual([503, '43']);
    }
  });

  it(`503 while no store is available, for an ad that is not in memory: ${LINK}`, async () => {
    const { status, headers } = await alone.ingest.get(LINK);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  });

  it(`503 while Postgres is unavailable: ${VAST}`, async () => {
    expect((await alone.ingest.get(VAST)).status).toBe(503);
  });

  it(`503 while no store is available: ${BATCH}`, async () => {
    expectError(await alone.ingest.post(BATCH, { events: [{ kind: 'click', ...AD }, { kind: 'x' }] }), {
      status: 503,
      error: 'unavailable',
      message: 'No event of the batch is known to be stored; send the batch again.',
      details: [],
    });
  });

  it.each([
    ['/api/v1/ads', () => alone.ingest],
    [ANALYTICS, () => alone.analytics],
    [`${ANALYTICS}?ad_id=ad-001`, () => alone.analytics],
    [LIVE, () => alone.analytics],
  ])('503 while the catalogue is not loaded: %s', async (path, service) => {
    const answer = await service().get(path);
    expectError(answer, {
      status: 503,
      error: 'unavailable',
      message: 'The ad catalogue is unavailable; retry later.',
      details: [],
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it(`503 while Postgres is unavailable: ${REPORT}, ${PLAY_TIME}, ${QUALITY}, ${EXPORT}`, async () => {
    for (const path of [REPORT, `${PLAY_TIME}?ad_id=ad-001`, `${QUALITY}?ad_id=ad-001`]) {
      expect((await alone.analytics.get(path)).status).toBe(503);
    }
    expect((await alone.analytics.get(`${EXPORT}?ad_id=ad-001`, AUTHORIZED)).status).toBe(503);
  });

  it.each(['/player.js', '/player.mjs'])('200, 302, 304, 404: %s and its versions', async (path) => {
    for (const prefix of ['', '/api/v1']) {
      const latest = await client.get(`${prefix}${path}`, { Origin: 'https://shop.example.com' });
      const version = latest.headers.get('content-location') ?? '';
      const named = await client.get(version);
      const caching = [latest, named].map(({ status, headers }) => [status, headers.get('cache-control')]);
      expect(caching).toEqual([
        [200, 'public, max-age=300'],
        [200, 'public, max-age=31536000, immutable'],
      ]);
      expect(named.text).toBe(latest.text);
      expect(latest.text).toContain(path === '/player.js' ? 'AdsMetricTracker' : 'export{');
      expect(latest.headers.get('access-control-allow-origin')).toBe('*');
      expect(latest.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(latest.headers.get('content-encoding')).toBe('gzip');
      for (const target of [`${prefix}${path}`, version]) {
        const etag = latest.headers.get('etag') ?? '';
        expect((await client.get(target, { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' })).status).toBe(304);
      }
      const other = await client.get(version.replace(/\w+(?=\.m?js)/, '0123'));
      expect([other.status, other.headers.get('location')]).toEqual([302, `${prefix}${path}`]);
      expect((await client.get(`${prefix}/player/0123.css`)).status).toBe(404);
    }
  });

  it.each(['/health', '/ready'])('503 while no store is available: %s', async (path) => {
    const answer = await waitFor(
      async () => {
        const found = await alone.ingest.get(path);
        return found.status === 503 && found;
      },
      { timeoutMs: 15_000, what: `${path} to answer 503` },
    );
    expect(answer.body).toMatchObject(path === '/health' ? { status: 'unhealthy' } : { status: 'not ready' });
    // The process itself works, and a restart would not help.
    expect((await alone.ingest.get('/live')).status).toBe(200);
  });

  it('what the examples show', async () => {
    const { paths } = (await readDocument(contract.stack.url)) as {
      paths: Record<string, Record<string, { requestBody: { content: Record<string, { example: { id?: string } }> } }>>;
    };
    const exampleOf = (method: string, path: string) =>
      paths[path]?.[method]?.requestBody.content['application/json']?.example;
    const ad = exampleOf('post', ADS);
    const path = `${ADS}/example`;
    const change = {
      headers: { ...JSON_TYPE, ...AUTHORIZED },
      body: JSON.stringify(exampleOf('patch', `${ADS}/{ad_id}`)),
    };
    expect((await client.post(ADS, { ...ad, id: 'example' }, AUTHORIZED)).status).toBe(201);
    expect((await client.post(ADS, ad, AUTHORIZED)).body).toMatchObject({ error: 'ad_exists' });
    expect((await client.send('PATCH', path, change)).status).toBe(200);
    expect((await client.get(path)).status).toBe(200);
    expect((await client.get(`${path}/history`, AUTHORIZED)).status).toBe(200);
    expect((await client.send('DELETE', path, { headers: AUTHORIZED })).status).toBe(200);
    expect((await client.get(`${ADS}?q=example`)).body).toMatchObject({ count: 1 });
    expect((await client.post(BATCH, exampleOf('post', BATCH))).body).toMatchObject({ accepted: 2 });
    for (const [type, csv] of [
      ['text/csv', 'id,target_url\nother,https://example.com/\nthird,\n'],
      ['text/html', '<p>'],
    ] as const) {
      const { status } = await client.send('POST', IMPORT, {
        headers: { ...AUTHORIZED, 'Content-Type': type },
        body: csv,
      });
      expect(status).toBe(type === 'text/csv' ? 400 : 415);
    }
    expect((await client.post(CLICK, AD, { 'Content-Encoding': 'br' })).status).toBe(415);
    expect((await client.get(`${path}/tags?placement=%0A`, AUTHORIZED)).status).toBe(400);
    expect((await client.get(`${LIVE}?${'ad_id=ad-001&'.repeat(51)}`, { Accept: 'text/event-stream' })).status).toBe(
      400,
    );
    // Through the gateway it has fewer fields.
    expect((await limited.ingest.get('/health')).status).toBe(200);

    const keyOf = async (fields: object) => {
      const { body } = await client.post(KEYS, { name: 'x', ...fields }, AUTHORIZED);
      return { Authorization: `Bearer ${(body as { key: string }).key}` };
    };
    const events = await keyOf({ scopes: ['events'] });
    const ofShop = await keyOf({ scopes: ['read', 'manage'], advertiser: 'Example Shop' });
    const when = { timeoutMs: 5_000, what: 'the services to know the key, and a bot to be counted as invalid' };
    expect((await client.post(ADS, { ...ad, advertiser: 'Other' }, ofShop)).body).toMatchObject({
      error: 'other_advertiser',
    });
    expect((await client.post(ADS, ad, events)).body).toMatchObject({ error: 'scope_missing' });
    expect((await client.get(KEYS, ofShop)).body).toMatchObject({ error: 'scope_missing' });
    const old = { ...AD, timestamp: '2025-01-01T00:00:00Z' };
    let clients = 0;
    await waitFor(async () => {
      const from = { 'X-Forwarded-For': `198.51.100.${clients++}` };
      return (
        ((await limited.ingest.post(CLICK, old, { ...events, ...from })).body as { error: string }).error ===
        'event_too_old'
      );
    }, when);
    await client.get(`${PIXEL}?ad_id=ad-002`, { 'User-Agent': 'Googlebot/2.1' });
    await client.get('/t/click?ad_id=ad-002', { 'User-Agent': 'Googlebot/2.1' });
    await waitFor(async () => {
      const { body } = await client.get(`${QUALITY}?ad_id=ad-002`);
      return (body as { counts: { invalid_clicks: number } }).counts.invalid_clicks > 0;
    }, when);
  });

  it('and the tests above cover every documented response', () => {
    // `default` covers errors that a test cannot cause, such as a 500.
    const missing = contract.documented.promised.filter(
      (answer) => !answer.endsWith(' default') && !contract.documented.seen.has(answer),
    );
    expect(missing).toEqual([]);
    expect(contract.documented.seen.size).toBeGreaterThan(20);
  });

  it('and each example of the document looks like a response that was received', () => {
    // Tests of analytics use up these limits.
    const limits = /^unavailable: (Too many (diagnostics|exports)|… streams) /;
    expect(contract.documented.unlikeExamples().filter((example) => !limits.test(example))).toEqual([]);
  });
});

/** An example, encoded for its content type. */
function encode(type: string, example: unknown): { headers: Record<string, string>; body: string } {
  const fields = Object.entries(example as object).map(([name, value]) => [name, String(value)] as const);
  if (type === 'application/x-www-form-urlencoded') {
    return { headers: { 'Content-Type': type }, body: new URLSearchParams(fields.map(([...pair]) => pair)).toString() };
  }
  if (type === 'multipart/form-data') {
    const parts = fields.map(
      ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return { headers: { 'Content-Type': `${type}; boundary=x` }, body: `${parts.join('')}--x--\r\n` };
  }
  return { headers: { 'Content-Type': type }, body: typeof example === 'string' ? example : JSON.stringify(example) };
}
