import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ApiError, unavailable, unknownAd } from '@ads/contract';
import {
  createHealth,
  createMetrics,
  createShutdown,
  DependencyUnavailable,
  type HttpConfig,
  type LogFields,
  type Logger,
  listen,
  type Metrics,
  managementEndpoints,
} from '@ads/runtime';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Router } from 'express';
import { createAccess } from '../src/access.js';
import { type ApiOptions, createApi } from '../src/api.js';
import type { FastPath } from '../src/fast-path.js';
import { labelled } from '../src/observe.js';
import { bodyReader } from '../src/request-body.js';
import type { Answer } from '../src/response.js';

const config: ApiOptions['config'] = {
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: 0,
  HTTP_KEEP_ALIVE_TIMEOUT_MS: 65_000,
  HTTP_HEADERS_TIMEOUT_MS: 10_000,
  HTTP_REQUEST_TIMEOUT_MS: 30_000,
  HTTP_SEND_TIMEOUT_MS: 10_000,
  HTTP_MAX_CONNECTIONS: 1_000,
  HTTP_MAX_CONNECTIONS_PER_ADDRESS: 1_000,
  SHUTDOWN_GRACE_SECONDS: 25,
  TRUST_PROXY: false,
  CORS_ORIGINS: '*',
  HSTS_MAX_AGE_SECONDS: 0,
  HSTS_INCLUDE_SUBDOMAINS: false,
  RATE_LIMIT_EVENTS_PER_MINUTE: 0,
  RATE_LIMIT_READS_PER_MINUTE: 0,
};

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

let lines: Line[];
let metrics: Metrics;
let base: string;

// All servers stop together, as each waits half a second for idle connections.
const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

interface Added {
  readonly fastPath?: (fastPath: FastPath) => void;
  readonly routes?: (router: Router) => void;
}

async function serve(added: Added, changes: Partial<ApiOptions['config']> = {}) {
  // The logger of an earlier test may still write summaries, so each test has its own lines.
  const own: Line[] = [];
  lines = own;
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      own.push({ level, message, fields });
    };
  const logger: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
  };
  metrics = createMetrics('test');
  const health = createHealth({
    service: 'test',
    version: '1',
    description: '',
    dependencies: { store: () => ({ status: 'up', breaker: 'closed', detail: 'wrong password' }) },
    status: () => 'healthy',
    ready: () => true,
  });
  const changed = { ...config, ...changes };
  const api = createApi({
    config: changed,
    logger,
    metrics,
    managementEndpoints: managementEndpoints({ health, metrics }),
    access: createAccess({ READ_ACCESS: 'public' }, () => ({ state: 'unknown' })),
    ...added,
  });
  const shutdown = createShutdown(logger);
  const port = await listen({ ...api, config: changed, logger, metrics, health, ownerOf: () => undefined }, shutdown);
  base = `http://127.0.0.1:${port}`;
  stops.push(shutdown.run);
}

function sampleRoutes(router: Router): void {
  router.get('/ads', (_request, response) => void response.json({ ads: [] }));
  router.get('/ads/:id', (request) => {
    throw unknownAd(request.params.id, 404);
  });
  router.get('/fail/bug', () => {
    throw new TypeError('secret detail');
  });
  router.get('/fail/away', async () => {
    throw new DependencyUnavailable('postgres', new Error('ECONNREFUSED'));
  });
  router.get('/fail/full', () => {
    throw unavailable('Too many requests wait; retry later.');
  });
  router.get('/fail/half', (_request, response) => {
    response.write('{"half":');
    throw new Error('too late');
  });
  router.get('/file', (_request, response) => response.sendFile(fileURLToPath(import.meta.url)));
  router.use('/static', labelled('/static'), (_request, response) => void response.send('file'));
}

function sampleFastPath(fastPath: FastPath): void {
  fastPath.post('/ads/click', 'events', bodyReader({ numericFields: ['video_play_time'] }), (context, body) => ({
    status: 202,
    body: JSON.stringify({ body: body ?? null, ip: context.clientAddress() }),
  }));
  fastPath.get('/fast/waits', 'reads', async ({ request }) => ({ status: 200, body: JSON.stringify(request.url) }));
  fastPath.get('/fast/bug', 'reads', () => {
    throw new TypeError('secret detail');
  });
  fastPath.get('/fast/full', 'reads', () => {
    throw unavailable('Too many requests wait; retry later.');
  });
  fastPath.get('/fast/away', 'reads', async () => {
    throw new DependencyUnavailable('postgres', new Error('ECONNREFUSED'));
  });
}

const sample = { fastPath: sampleFastPath, routes: sampleRoutes };

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
  return fetch(`${base}/api/v1/ads/click`, { method: 'POST', body, headers });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

async function json(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>;
}

async function requestsCounted() {
  const counter = metrics.registry.getSingleMetric('http_requests_total');
  if (counter === undefined) throw new Error('no counter of requests');
  return await counter.get();
}

/** Waits until `count` requests are recorded, which happens just after their responses. */
async function recorded(count: number): Promise<void> {
  for (;;) {
    const { values } = await requestsCounted();
    if (values.reduce((sum, { value }) => sum + value, 0) >= count) return;
    await new Promise(setImmediate);
  }
}

async function error(answer: Response): Promise<[number, unknown]> {
  const body = await json(answer);
  expect(body).toEqual({
    error: expect.any(String),
    message: expect.stringMatching(/^[A-Z].*\.$/),
    details: expect.any(Array),
    request_id: answer.headers.get('x-request-id'),
  });
  return [answer.status, body.error];
}

describe('an API', () => {
  beforeEach(() => serve(sample));

  it.each(['', '/api/v1'])('answers under "%s"', async (prefix) => {
    expect(await (await fetch(`${base}${prefix}/ads`)).json()).toEqual({ ads: [] });
    expect(await (await fetch(`${base}${prefix}/live`)).json()).toEqual({ status: 'alive' });
  });

  it('returns the X-Request-ID of the client if it is valid, and generates one otherwise', async () => {
    const idFor = async (id?: string): Promise<string | null> => {
      const headers: Record<string, string> = id === undefined ? {} : { 'X-Request-ID': id };
      return (await fetch(`${base}/nowhere`, { headers })).headers.get('x-request-id');
    };
    expect(await idFor('trace:1.2_3-a')).toBe('trace:1.2_3-a');
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128));
    for (const bad of [undefined, '', 'a b', '{"a":1}', 'x'.repeat(129)]) {
      expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('does not reveal its software in headers, and forbids framing', async () => {
    const { headers } = await fetch(`${base}/ads`);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
  });

  it('sends HSTS only when it is configured', async () => {
    const policy = async () => (await fetch(`${base}/ads`)).headers.get('strict-transport-security');
    const policyOfFastPath = async () => (await post('{}', JSON_TYPE)).headers.get('strict-transport-security');
    expect([await policy(), await policyOfFastPath()]).toEqual([null, null]);
    await serve(sample, { HSTS_MAX_AGE_SECONDS: 86_400 });
    expect([await policy(), await policyOfFastPath()]).toEqual(['max-age=86400', 'max-age=86400']);
    await serve(sample, { HSTS_MAX_AGE_SECONDS: 60, HSTS_INCLUDE_SUBDOMAINS: true });
    expect(await policy()).toBe('max-age=60; includeSubDomains');
  });

  it('accepts events from players on any origin', async () => {
    const preflight = await fetch(`${base}/api/v1/ads/click`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://player.test',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,idempotency-key',
      },
    });
    expect(preflight.status).toBe(204);
    // sendBeacon needs the origin by name, so paths for events return it.
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://player.test');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    expect(preflight.headers.get('access-control-max-age')).toBe('7200');
    const answer = await fetch(`${base}/nowhere`, { headers: { Origin: 'https://player.test' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('X-Request-ID');
  });

  it('never echoes long request headers', async () => {
    const long = `https://${'x'.repeat(5_000)}.test`;
    for (const method of ['POST', 'OPTIONS', 'GET']) {
      const answer = await fetch(`${base}/ads/click`, {
        method,
        headers: {
          Origin: long,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': `x-${'y'.repeat(5_000)}`,
        },
      });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(JSON.stringify([...answer.headers, await answer.text()]).length).toBeLessThan(2_000);
    }
  });

  it('answers 404 and 405 with JSON', async () => {
    expect(await error(await fetch(`${base}/nowhere`))).toEqual([404, 'not_found']);
    expect(await error(await fetch(`${base}/ads/ad-9`))).toEqual([404, 'unknown_ad']);
    for (const prefix of ['', '/api/v1']) {
      const wrong = await fetch(`${base}${prefix}/ads/click`, { method: 'DELETE' });
      expect(wrong.headers.get('allow')).toBe('POST');
      expect(await error(wrong)).toEqual([405, 'method_not_allowed']);
      const ads = await fetch(`${base}${prefix}/ads`, { method: 'POST' });
      expect(ads.headers.get('allow')).toBe('GET, HEAD');
      const health = await fetch(`${base}${prefix}/health`, { method: 'POST' });
      expect(await error(health)).toEqual([405, 'method_not_allowed']);
    }
  });

  it.each(['/Ads', '/API/v1/ads', '/FastPath/Waits', '/Static/x', '/Live'])(
    'matches paths case-sensitively: %s',
    async (path) => {
      expect(await error(await fetch(base + path))).toEqual([404, 'not_found']);
    },
  );

  it('matches the path of clicks case-sensitively', async () => {
    for (const path of ['/Ads/Click', '/api/v1/Ads/Click']) {
      const answer = await fetch(base + path, { method: 'POST', body: '{}', headers: JSON_TYPE });
      expect(await error(answer)).toEqual([404, 'not_found']);
    }
  });

  it('returns the full health report to direct requests, and a reduced one behind a proxy', async () => {
    const direct = await json(await fetch(`${base}/health`));
    expect(Object.keys(direct).sort()).toEqual(['dependencies', 'service', 'status', 'uptime_seconds', 'version']);
    const forwarded = await fetch(`${base}/health`, { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    expect(await json(forwarded)).toEqual({ status: 'healthy', dependencies: { store: { status: 'up' } } });
  });

  it('answers a malformed path with 400', async () => {
    expect(await error(await fetch(`${base}/ads/%E0%A4%A`))).toEqual([400, 'invalid_request']);
  });

  it.each(['/fail/away', '/fast/away'])('answers 503 while a dependency is unavailable: %s', async (path) => {
    const answer = await fetch(base + path);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await error(answer)).toEqual([503, 'unavailable']);
  });

  it.each(['/fail/bug', '/fast/bug'])('logs the reason of a 500, and does not send it: %s', async (path) => {
    const answer = await fetch(base + path, { headers: { 'X-Request-ID': 'find-me' } });
    expect(await answer.clone().text()).not.toContain('secret');
    expect(await error(answer)).toEqual([500, 'internal']);
    await recorded(1);
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'request failed',
        fields: expect.objectContaining({
          request_id: 'find-me',
          endpoint: `/api/v1${path}`,
          error: expect.objectContaining({ message: 'secret detail' }),
        }),
      },
    ]);
  });

  it.each(['/fail/full', '/fast/full'])(
    'logs a refusal for overload as a warning without a stack: %s',
    async (path) => {
      expect(await error(await fetch(base + path))).toEqual([503, 'unavailable']);
      await recorded(1);
      const fields = { event: 'request.overload', reason: 'Too many requests wait; retry later.' };
      expect(lines).toMatchObject([{ level: 'warn', fields }]);
      expect(lines[0]?.fields).not.toHaveProperty('error');
    },
  );

  it('logs failures although a client causes many refusals for overload', async () => {
    await Promise.all(Array.from({ length: 60 }, () => fetch(`${base}/fast/full`)));
    await fetch(`${base}/fail/away`);
    await recorded(61);
    expect(lines.filter(({ fields }) => fields.event === 'request.overload').length).toBeLessThanOrEqual(30);
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { event: 'request.failed' } }]);
  });

  it('closes the connection when a response fails after its head was sent', async () => {
    await expect(fetch(`${base}/fail/half`).then((answer) => answer.text())).rejects.toThrow();
  });

  it.each([
    ['If-Match', '"another"', 412, 'precondition_failed'],
    ['Range', 'bytes=999999999-', 416, 'range_not_satisfiable'],
  ])('answers a file request with an unsatisfiable %s', async (name, value, status, code) => {
    const answer = await fetch(`${base}/file`, { headers: { [name]: value } });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('etag')).toBeNull();
    expect(await error(answer)).toEqual([status, code]);
  });

  it('labels metrics by path template, never by the path of the request', async () => {
    for (const path of ['/ads/1', '/api/v1/ads/2', '/static/a/b', '/x1', '/x2', '/api/v1/live', '/fast/waits?x=1']) {
      await (await fetch(base + path)).text();
    }
    await (await fetch(`${base}/fast/waits`, { method: 'POST' })).text();
    await recorded(8);
    const { values } = await requestsCounted();
    const seen = values.map(({ labels, value }) => [labels.endpoint, labels.status_code, value]);
    expect(seen).toEqual([
      ['/api/v1/ads/:id', 404, 2],
      ['/static', 200, 1],
      ['unmatched', 404, 2],
      ['/live', 200, 1],
      ['/api/v1/fast/waits', 200, 1],
      ['/api/v1/fast/waits', 405, 1],
    ]);
  });

  it.each([
    [
      '/ads/ad-404',
      { code: 'unknown_ad', ad_id: 'ad-404', reason: 'Ad "ad-404" does not exist; GET /api/v1/ads lists all ads.' },
    ],
    [`/ads/${'x'.repeat(5_000)}`, { code: 'unknown_ad', ad_id: 'x'.repeat(300) }],
    ['/ads/%1b%5b31m%0a%e2%80%ae', { code: 'unknown_ad', ad_id: ' [31m  ' }],
  ])('logs the cause of a refusal in short, printable text: %.40s', async (path, fields) => {
    await (await fetch(base + path)).text();
    await recorded(1);
    expect(lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ event: 'request.refused', ...fields }) }),
    ]);
    expect(JSON.stringify(lines).length).toBeLessThan(1_000);
  });

  it('logs at most ten refusals per second', async () => {
    await Promise.all(Array.from({ length: 60 }, () => fetch(`${base}/nowhere`)));
    await recorded(60);
    const refused = lines.filter(({ fields }) => fields.event === 'request.refused');
    expect(refused.length).toBeGreaterThanOrEqual(10);
    // The requests may take up to three seconds of the clock.
    expect(refused.length).toBeLessThanOrEqual(30);
    expect(refused.every(({ level }) => level === 'info')).toBe(true);
  });
});

describe('a body', () => {
  beforeEach(() => serve(sample));

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/vnd.ads+json',
    'text/plain;charset=UTF-8',
    'text/plain',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
  ])('is accepted as %s', async (type) => {
    const answer = await post('{"ad_id":"ad-001"}', { 'Content-Type': type });
    expect(answer.status).toBe(202);
    expect((await json(answer)).body).toEqual({ ad_id: 'ad-001' });
  });

  it.each(['text/html', 'image/gif', 'application/json; charset=utf-16', 'json'])('is refused as %s', async (type) => {
    expect(await error(await post('{}', { 'Content-Type': type }))).toEqual([415, 'unsupported_media_type']);
  });

  it('is accepted without a content type, as sent for an untyped Blob', async () => {
    const answer = await post(new TextEncoder().encode('{"ad_id":"ad-001"}'), {});
    expect((await json(answer)).body).toEqual({ ad_id: 'ad-001' });
  });

  const FORM = { ad_id: 'ad 001', video_play_time: '12.5', click_id: '', note: 'a&b=c' };
  const FIELDS = { ad_id: 'ad 001', video_play_time: 12.5, note: 'a&b=c' };

  it('is accepted as a form, whose numeric fields are converted and empty fields ignored', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(FORM)) form.append(name, value);
    form.append('ad_id', 'another');
    form.append('file', new Blob(['x']), 'file.txt');
    for (const body of [form, new URLSearchParams(FORM)]) {
      const answer = await fetch(`${base}/ads/click`, { method: 'POST', body });
      expect(answer.status).toBe(202);
      expect((await json(answer)).body).toEqual(FIELDS);
    }
  });

  it.each(['', '--x', '--x\r\n\r\n', '--x\r\nContent-Disposition: form-data\r\n\r\ny\r\n--x--'])(
    'is answered 400 if it is not a valid form: %j',
    async (text) => {
      const type = { 'Content-Type': 'multipart/form-data; boundary=x' };
      expect(await error(await post(text || ' ', type))).toEqual([400, 'invalid_request']);
    },
  );

  it('is answered 400 if it is a form with more than 64 parts', async () => {
    const form = new FormData();
    for (let part = 0; part < 64; part += 1) form.append(`field ${part}`, 'x');
    const send = () => fetch(`${base}/ads/click`, { method: 'POST', body: form });
    expect((await send()).status).toBe(202);
    form.append('file', new Blob([]), 'file.txt');
    expect(await error(await send())).toEqual([400, 'invalid_request']);
  });

  it('is ignored in an HTML ping, whose fields are in the query', async () => {
    const answer = await fetch(`${base}/ads/click?${new URLSearchParams(FORM)}`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/ping' },
      body: 'PING',
    });
    expect((await json(answer)).body).toEqual(FIELDS);
  });

  it('cannot change a prototype, in any content type', async () => {
    const form = new FormData();
    form.append('__proto__', 'x');
    for (const body of [form, new URLSearchParams('__proto__=x&constructor=y')]) {
      const answer = await fetch(`${base}/ads/click`, { method: 'POST', body });
      expect(Object.keys((await json(answer)).body as object)).toContain('__proto__');
    }
  });

  it('may be missing if the schema allows it', async () => {
    const answer = await fetch(`${base}/ads/click`, { method: 'POST' });
    expect((await json(answer)).body).toBeNull();
  });

  it.each(['{"ad_id":', 'null', '"text"', 'ad_id=1'])(
    'is answered 400 if it is not a JSON object: %s',
    async (text) => {
      expect(await error(await post(text, JSON_TYPE))).toEqual([400, 'invalid_request']);
    },
  );

  it('is answered 413 above 16 KiB, also when it is compressed', async () => {
    const fits = JSON.stringify({ a: 'x'.repeat(16_384 - 8) });
    expect((await post(fits, JSON_TYPE)).status).toBe(202);
    const large = JSON.stringify({ a: 'x'.repeat(16_384) });
    expect(await error(await post(large, JSON_TYPE))).toEqual([413, 'payload_too_large']);
    const packed = new Uint8Array(gzipSync(large));
    expect(packed.length).toBeLessThan(1_000);
    const gzip = { ...JSON_TYPE, 'Content-Encoding': 'gzip' };
    expect(await error(await post(packed, gzip))).toEqual([413, 'payload_too_large']);
    const small = new Uint8Array(gzipSync('{"a":1}'));
    expect((await json(await post(small, gzip))).body).toEqual({ a: 1 });
    expect(await error(await post('{}', gzip))).toEqual([400, 'invalid_request']);
    const odd = { ...JSON_TYPE, 'Content-Encoding': 'zip' };
    expect(await error(await post('{}', odd))).toEqual([415, 'unsupported_media_type']);
  });

  it('is answered 413 if it is compressed, exceeds 16 KiB and decompresses to nothing', async () => {
    const emptyMember = gzipSync('');
    const packed = new Uint8Array(Buffer.concat(Array(1_000).fill(emptyMember)));
    const answer = await post(packed, { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
    expect(await error(answer)).toEqual([413, 'payload_too_large']);
  });

  it.each(['br', 'zstd', 'gzip, gzip', 'x'])(
    'is answered 415 with the accepted encodings if it is compressed as %s',
    async (encoding) => {
      const answer = await post('{}', { ...JSON_TYPE, 'Content-Encoding': encoding });
      expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate');
      expect(await json(answer)).toMatchObject({ message: 'Unsupported Content-Encoding; use gzip, deflate or none.' });
    },
  );

  it('is logged as a refusal, not as a failure, if it never ends', async () => {
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /ads/click HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a',
      () => setImmediate(() => socket.destroy()),
    );
    await new Promise((resolve) => socket.once('close', resolve));
    await recorded(1);
    expect(lines).toEqual([
      {
        level: 'info',
        message: expect.any(String),
        fields: expect.objectContaining({ event: 'request.refused', endpoint: '/api/v1/ads/click' }),
      },
    ]);
  });
});

describe('the address of the client', () => {
  const askWith = async (trust: HttpConfig['TRUST_PROXY']): Promise<string> => {
    await serve(sample, { TRUST_PROXY: trust });
    const headers = { ...JSON_TYPE, 'X-Forwarded-For': '198.51.100.7, 203.0.113.9' };
    return String((await json(await post('{}', headers))).ip);
  };

  it('is that of the socket unless the proxy is trusted', async () => {
    expect(await askWith(false)).toBe('127.0.0.1');
    expect(await askWith(['loopback'])).toBe('203.0.113.9');
    expect(await askWith(2)).toBe('198.51.100.7');
  });
});

describe('the fast path', () => {
  it('answers its routes, and passes all others to Express', async () => {
    await serve(sample);
    for (const path of ['/fast/waits?a=1', '/api/v1/fast/waits?a=1', '/fast/waits/?a=1']) {
      expect(await (await fetch(base + path)).json()).toBe(path);
    }
    const head = await fetch(`${base}/fast/waits`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${base}/ads`)).status).toBe(200);
  });

  it('answers a request that arrives whole like one that the parser of Node reads', async () => {
    await serve({
      fastPath(fastPath) {
        const answers: Record<string, Answer> = {
          '/own/date': { status: 202, body: '{}', headers: ['Date', 'Sat, 01 Jan 2000 00:00:00 GMT'] },
          '/own/empty': { status: 204, body: '', lines: 'Pragma: no-cache\r\n' },
          '/own/target': { status: 302, body: '', headers: ['Location', '/there'] },
          '/own/version': { status: 200, body: '{}', etag: '"1"' },
          '/own/text': { status: 200, body: 'é €', type: 'text/plain; charset=utf-8' },
          '/own/bytes': { status: 200, body: Buffer.from([0, 255, 128]), type: 'image/gif' },
        };
        for (const [path, answer] of Object.entries(answers)) {
          fastPath.post(path, 'events', bodyReader(), async () => answer);
        }
        fastPath.post('/ads/click', 'events', bodyReader(), (_context, body) => ({
          status: 202,
          body: JSON.stringify(body),
        }));
        fastPath.tag('/t/{event}', {
          limit: 'events',
          takesPosts: true,
          handler: (_context, target) => ({ status: 200, body: JSON.stringify(target) }),
        });
      },
    });
    const origin = 'Origin: https://player.test\r\n';
    const post = (path: string, body = '', lines = '') =>
      [`POST ${path} HTTP/1.1`, `Host: a\r\nContent-Length: ${body.length}\r\n${lines}`, body] as const;
    const requests = [
      ...['date', 'empty', 'target', 'version', 'text', 'bytes'].map((name) => post(`/own/${name}`)),
      post('/own/version', '', 'If-None-Match: "1"\r\n'),
      post('/ads/click', '{"ad_id":"a"}', origin),
      post('/api/v1/ads/click', '{"ad_id":'),
      post('/ads/click', 'a', 'Content-Type: image/gif\r\n'),
      post('/t/start?a=%20'),
      ['GET /t/st%61rt?a=b&c HTTP/1.1', `Host: a\r\n${origin}`, ''],
      ['GET /t/%zz HTTP/1.1', 'Host: a\r\n', ''],
      ['OPTIONS /ads/click HTTP/1.1', `Host: a\r\n${origin}Access-Control-Request-Headers: x-a\r\n`, ''],
    ] as const;
    const answerTo = (text: string): Promise<string[]> =>
      new Promise((resolve) => {
        const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(text, 'latin1'));
        socket.once('data', (bytes) => {
          socket.destroy();
          const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n');
          const lines = head.split('\r\n').map((line) => line.replace(/^(Date: |X-Request-ID: )(?!.* 2000 ).*/, '$1'));
          resolve([...lines.sort(), body.replace(/"request_id":"[^"]*"/, '')]);
        });
      });
    for (const [start, lines, body] of requests) {
      const [whole, node] = await Promise.all(
        // Node's parser gets a request with this header.
        ['', 'TE: trailers\r\n'].map((more) => answerTo(`${start}\r\n${lines}${more}\r\n${body}`)),
      );
      expect({ start, whole }).toEqual({ start, whole: node });
      expect(whole?.filter((line) => line.startsWith('Date: '))).toHaveLength(1);
    }
  });

  it.each(['*', ['https://player.test', 'https://other.test']] as const)(
    'sends the same headers as Express: %j',
    async (origins) => {
      await serve(sample, { CORS_ORIGINS: origins });
      for (const origin of ['https://player.test', 'https://stranger.test', undefined]) {
        const headers = origin === undefined ? {} : { Origin: origin };
        const [ours, express] = await Promise.all(
          ['/fast/waits', '/ads'].map(async (path) => {
            const answer = await fetch(base + path, { headers });
            const changing = new Set(['date', 'content-length', 'x-request-id']);
            return Object.fromEntries([...answer.headers].filter(([name]) => !changing.has(name)));
          }),
        );
        expect(ours).toEqual(express);
      }
    },
  );

  it.each([
    ['"1"', 304],
    ['W/"1"', 304],
    ['"0", W/"1"', 304],
    ['*', 304],
    ['"11"', 200],
  ])('compares the version of its response with If-None-Match: %s', async (tags, status) => {
    await serve({
      fastPath: (fastPath) => fastPath.get('/own', 'reads', () => ({ status: 200, body: '{}', etag: 'W/"1"' })),
    });
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(`${base}/own`, { method, headers: { 'If-None-Match': tags } });
      const head = ['etag', 'cache-control', 'content-length'].map((name) => answer.headers.get(name));
      expect([answer.status, ...head]).toEqual([status, 'W/"1"', 'no-cache', status === 304 ? null : '2']);
      expect(await answer.text()).toBe(method === 'GET' && status === 200 ? '{}' : '');
      expect(answer.headers.get('x-request-id')).toBeTruthy();
    }
  });

  it('answers errors in the common form', async () => {
    await serve({
      fastPath: (fastPath) =>
        fastPath.get('/own', 'reads', () => {
          throw new ApiError(409, 'conflict', 'It is there already.', { headers: { 'X-Own': 'yes' } });
        }),
    });
    const answer = await fetch(`${base}/own`);
    expect(answer.headers.get('x-own')).toBe('yes');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await error(answer)).toEqual([409, 'conflict']);
  });

  it('drops the rest of a body that is too large, and answers the next request', async () => {
    await serve(sample);
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    const answers = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk;
        if (/ 202 [\s\S]*\r\n\r\n{.*}$/.test(text)) resolve(text);
      });
    });
    const head = 'POST /ads/click HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const chunk = `3e8\r\n${'x'.repeat(1_000)}\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`);
    socket.write(`${chunk.repeat(20)}0\r\n\r\n`);
    socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
    expect((await answers).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 202']);
    socket.destroy();
  });
});

describe('a tag', () => {
  const GIF = Buffer.from('474946383961ff00', 'hex');
  const own = { body: GIF, type: 'image/gif', headers: ['Cache-Control', 'no-store, max-age=0'] };
  const addTags = (fastPath: FastPath): void => {
    fastPath.tag('/t/{event}', {
      limit: 'events',
      takesPosts: true,
      errorContent: () => own,
      handler({ request }, { parameter, query }) {
        if (parameter === 'gone') throw unknownAd(parameter, 404);
        if (parameter === 'bug') throw new TypeError('secret detail');
        if (parameter === 'empty') return { status: 204, body: '' };
        return {
          ...own,
          status: 200,
          headers: ['X-Seen', encodeURIComponent(`${request.method} ${parameter} ${query}`)],
        };
      },
    });
    fastPath.tag('/c/{ad_id}', {
      limit: 'events',
      takesPosts: false,
      handler: async (_context, { parameter }) => ({ status: 302, body: '', headers: ['Location', `/${parameter}`] }),
    });
  };
  const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
  const seen = (answer: Response) => decodeURIComponent(String(answer.headers.get('x-seen')));

  it('answers GET, HEAD and POST with any bytes, under both prefixes', async () => {
    await serve({ fastPath: addTags });
    for (const [path, expected] of [
      ['/t/start', 'start '],
      ['/t/start/?a=1', 'start a=1'],
      ['/api/v1/t/start?a=%5BCB%5D?/x/', 'start a=%5BCB%5D?/x/'],
      ['/t/a%2Fb%20%C3%A9', 'a/b é '],
    ]) {
      const answer = await fetch(base + path);
      expect([answer.status, seen(answer)]).toEqual([200, `GET ${expected}`]);
      expect([answer.headers.get('content-type'), answer.headers.get('content-length')]).toEqual(['image/gif', '8']);
      expect(await bytesOf(answer)).toEqual(GIF);
    }
    const head = await fetch(`${base}/t/start`, { method: 'HEAD' });
    expect([seen(head), head.headers.get('content-length'), await head.text()]).toEqual(['HEAD start ', '8', '']);
    const beacon = await fetch(`${base}/t/start`, { method: 'POST', body: new Blob(['x'.repeat(16_384)]) });
    expect(seen(beacon)).toBe('POST start ');
    const empty = await fetch(`${base}/t/empty`);
    expect([empty.status, empty.headers.get('content-type'), empty.headers.get('content-length')]).toEqual([
      204,
      null,
      null,
    ]);
    const redirect = await fetch(`${base}/c/ad-1`, { redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/ad-1']);
    expect([redirect.headers.get('content-type'), redirect.headers.get('content-length')]).toEqual([null, '0']);
    await recorded(8);
    const { values } = await requestsCounted();
    expect(new Set(values.map(({ labels }) => labels.endpoint))).toEqual(
      new Set(['/api/v1/t/:event', '/api/v1/c/:ad_id']),
    );
  });

  it('answers errors with its own body, or with JSON', async () => {
    await serve({ fastPath: addTags }, { RATE_LIMIT_EVENTS_PER_MINUTE: 7 });
    for (const [path, status, init] of [
      ['/t/gone', 404],
      ['/t/bug', 500],
      ['/t/%E0%A4%A', 400],
      ['/t/%', 400],
      [`/t/start?a=${'x'.repeat(8_192 - '/t/start?a='.length)}`, 200],
      [`/t/start?a=${'x'.repeat(8_193 - '/t/start?a='.length)}`, 414],
      ['/t/start', 405, { method: 'DELETE' }],
      ['/t/start', 429],
    ] as const) {
      const answer = await fetch(base + path, init);
      expect([path.slice(0, 20), answer.status]).toEqual([path.slice(0, 20), status]);
      expect(await bytesOf(answer)).toEqual(GIF);
      if (status !== 200) expect(answer.headers.get('cache-control')).toBe('no-store, max-age=0');
      expect(answer.headers.get('retry-after') !== null).toBe(status === 429);
      expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD, POST' : null);
    }
    await serve({ fastPath: addTags });
    const long = await fetch(`${base}/t/start`, { method: 'POST', body: 'x'.repeat(16_385) });
    expect([long.status, await bytesOf(long)]).toEqual([413, GIF]);
    expect(await error(await fetch(`${base}/c/%`))).toEqual([400, 'invalid_request']);
    expect(await error(await fetch(`${base}/c/ad-1`, { method: 'POST' }))).toEqual([405, 'method_not_allowed']);
    for (const path of ['/t', '/t/', '/t//', '/t/a/b', '/T/start', '/t?/']) {
      expect(await error(await fetch(base + path))).toEqual([404, 'not_found']);
    }
  });

  it.each([
    ['https://imasdk.googleapis.com', 'https://imasdk.googleapis.com', 'true'],
    ['null', '*', null],
    [undefined, '*', null],
  ])('allows credentials to the origin %s by its name', async (origin, allowed, credentials) => {
    await serve({ fastPath: addTags });
    const answer = await fetch(`${base}/t/start`, { headers: origin === undefined ? {} : { Origin: origin } });
    const cors = ['access-control-allow-origin', 'access-control-allow-credentials', 'vary'];
    expect(cors.map((name) => answer.headers.get(name))).toEqual([allowed, credentials, 'Origin']);
    const preflight = await fetch(`${base}/t/start`, { method: 'OPTIONS', headers: { Origin: 'https://player.test' } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://player.test');
  });
});

describe('rate limits', () => {
  const addEvent = (fastPath: FastPath): void =>
    fastPath.post('/event', 'events', bodyReader(), () => ({ status: 202, body: '{}' }));

  it('count each client, and answer 429 with headers and JSON', async () => {
    await serve({ fastPath: addEvent }, { TRUST_PROXY: ['loopback'], RATE_LIMIT_EVENTS_PER_MINUTE: 2 });
    const event = (ip: string): Promise<Response> =>
      fetch(`${base}/event`, { method: 'POST', headers: { 'X-Forwarded-For': ip } });
    const first = await event('198.51.100.7');
    expect(first.status).toBe(202);
    expect(first.headers.get('ratelimit-policy')).toMatch(/^"events"; q=2; w=60; pk=:[\w+/]{16}:$/);
    expect(first.headers.get('ratelimit')).toBe('"events"; r=1; t=60');
    await event('198.51.100.7');
    const refused = await event('198.51.100.7');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/r=0/);
    expect(refused.headers.get('ratelimit-policy')).toBe(first.headers.get('ratelimit-policy'));
    expect(await error(refused)).toEqual([429, 'rate_limited']);
    await recorded(3);
    // The log names the client by the pseudonym in its headers, not by its address.
    const [, name] = /pk=:(.*):/.exec(String(first.headers.get('ratelimit-policy'))) ?? [];
    expect(lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ code: 'rate_limited', client: name }) }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('198.51.100');
    expect((await event('198.51.100.8')).status).toBe(202);
    // An IPv6 network counts as one client.
    for (const host of ['1', '2']) expect((await event(`2001:db8:0:1::${host}`)).status).toBe(202);
    expect((await event('2001:db8:0:2::3')).status).toBe(429);
    // A forwarded text that is not an address is replaced by the address of the proxy.
    for (const nonsense of ['x', 'y']) expect((await event(nonsense)).status).toBe(202);
    expect((await event('z')).status).toBe(429);
  });

  it('have the same headers in Express', async () => {
    await serve(
      {
        routes: (router) =>
          void router.get('/read', (_request, response) => {
            response.end();
          }),
      },
      { RATE_LIMIT_READS_PER_MINUTE: 1 },
    );
    const first = await fetch(`${base}/read`);
    expect(first.headers.get('ratelimit-policy')).toMatch(/^"reads"; q=1; w=60; pk=:[\w+/]{16}:$/);
    expect(first.headers.get('ratelimit')).toMatch(/^"reads"; r=0; t=\d+/);
    expect(first.headers.get('x-ratelimit-limit')).toBeNull();
    expect(await error(await fetch(`${base}/read`))).toEqual([429, 'rate_limited']);
    // Everything in Express is limited, except the probes.
    for (const path of ['/nowhere', '/metrics', '/info']) {
      expect(await error(await fetch(`${base}${path}`))).toEqual([429, 'rate_limited']);
    }
    expect(await error(await fetch(`${base}/read`, { method: 'DELETE' }))).toEqual([429, 'rate_limited']);
    for (const path of ['/live', '/ready', '/api/v1/health']) {
      expect((await fetch(`${base}${path}`)).status).not.toBe(429);
    }
  });

  it('count the reads of a client on the fast path and in Express together', async () => {
    await serve(sample, { RATE_LIMIT_READS_PER_MINUTE: 2 });
    expect((await fetch(`${base}/fast/waits`)).headers.get('ratelimit')).toMatch(/^"reads"; r=1;/);
    expect((await fetch(`${base}/ads`)).headers.get('ratelimit')).toMatch(/^"reads"; r=0;/);
    for (const path of ['/fast/waits', '/ads']) {
      expect(await error(await fetch(base + path))).toEqual([429, 'rate_limited']);
    }
  });

  it('are disabled by 0', async () => {
    await serve({ fastPath: addEvent });
    const answer = await fetch(`${base}/event`, { method: 'POST' });
    expect([answer.status, answer.headers.get('ratelimit')]).toEqual([202, null]);
  });
});
