import { once } from 'node:events';
import { Agent, get, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Gauge } from 'prom-client';
import type { ServerConfig } from '../src/config/variables.js';
import { createHealth, type Health } from '../src/health/health.js';
import { managementEndpoints } from '../src/health/management-endpoints.js';
import { createMetrics } from '../src/metrics/metrics.js';
import { createShutdown, type Shutdown } from '../src/process/shutdown.js';
import { listen } from '../src/server/server.js';
import { logLines } from './log-lines.js';

const config: ServerConfig = {
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: 0,
  HTTP_KEEP_ALIVE_TIMEOUT_MS: 65_000,
  HTTP_HEADERS_TIMEOUT_MS: 10_000,
  HTTP_REQUEST_TIMEOUT_MS: 30_000,
  HTTP_SEND_TIMEOUT_MS: 1_000,
  HTTP_MAX_CONNECTIONS: 4,
  HTTP_MAX_CONNECTIONS_PER_ADDRESS: 3,
  SHUTDOWN_GRACE_SECONDS: 25,
};

const { logger, lines } = logLines();
let shutdown: Shutdown = createShutdown(logger);

afterEach(async () => {
  await shutdown.run();
  shutdown = createShutdown(logger);
});

function testHealth(): Health {
  return createHealth({
    service: 'test',
    version: '1.2.3',
    description: 'a test',
    dependencies: { postgres: () => ({ status: 'down', breaker: 'open' }) },
    status: ({ postgres }) => (postgres.status === 'up' ? 'healthy' : 'unhealthy'),
    ready: () => true,
  });
}

function serve(
  handler: RequestListener,
  health = testHealth(),
  port = 0,
  metrics = createMetrics('test'),
): Promise<number> {
  const options = { handler, config: { ...config, HTTP_PORT: port }, logger, metrics, health };
  return listen({ ...options, ownerOf: ({ remoteAddress }) => remoteAddress }, shutdown);
}

/** Sends each piece after the response to the one before. Returns all bytes received until the connection closes. */
function rawRequest(port: number, ...pieces: string[]): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(pieces.shift() ?? ''));
    socket.on('data', (part) => {
      all += part;
      const next = pieces.shift();
      if (next !== undefined) socket.write(next);
    });
    // The server may close the connection before it has read all pieces.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(all));
  });
}

describe('management endpoints', () => {
  const metrics = createMetrics('test');
  const handler =
    (health: Health): RequestListener =>
    (request, response) => {
      if (!managementEndpoints({ health, metrics })(request, response)) response.writeHead(404).end();
    };

  it.each(['', '/api/v1'])('answer under "%s"', async (prefix) => {
    const base = `http://127.0.0.1:${await serve(handler(testHealth()))}${prefix}`;
    const health = await fetch(`${base}/health?verbose=1`);
    expect(health.status).toBe(503);
    expect(health.headers.get('cache-control')).toBe('no-store');
    expect(await health.json()).toEqual({
      status: 'unhealthy',
      service: 'test',
      version: '1.2.3',
      uptime_seconds: expect.any(Number),
      dependencies: { postgres: { status: 'down', breaker: 'open' } },
    });
    expect(await (await fetch(`${base}/live`)).json()).toEqual({ status: 'alive' });
    expect(await (await fetch(`${base}/ready/`)).json()).toEqual({ status: 'ready' });
    expect(await (await fetch(`${base}/info`)).json()).toMatchObject({ node: process.version });
    const scraped = await (await fetch(`${base}/metrics`)).text();
    expect(scraped).toContain('dependency_up{dependency="postgres",service="test"} 0');
    expect((await fetch(`${base}/healthy`)).status).toBe(404);
    expect((await fetch(`${base}/live`, { method: 'POST' })).status).toBe(404);
    expect(await (await fetch(`${base}/live`, { method: 'HEAD' })).text()).toBe('');
  });

  it('render metrics for each direct request, and at most four times a second for requests through a proxy', async () => {
    const own = createMetrics('test');
    let renderings = 0;
    new Gauge({
      name: 'renderings',
      help: 'Times that the metrics were rendered.',
      registers: [own.registry],
      collect() {
        renderings += 1;
        this.set(renderings);
      },
    });
    const endpoints = managementEndpoints({ health: testHealth(), metrics: own });
    const port = await serve((request, response) => void endpoints(request, response));
    const read = async (headers: Record<string, string>) =>
      await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
    for (let count = 1; count <= 10; count += 1)
      expect(await read({})).toContain(`renderings{service="test"} ${count}`);
    const since = performance.now();
    for (let count = 0; count < 100; count += 1) await read({ 'X-Forwarded-For': '203.0.113.9' });
    expect(renderings - 10).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - since) / 250));
  });

  it('are not ready while draining', async () => {
    const health = testHealth();
    const url = `http://127.0.0.1:${await serve(handler(health))}/ready`;
    health.drain();
    const answer = await fetch(url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'not ready', reason: 'shutting down' });
  });
});

describe('listen', () => {
  it('reports an address that is not available', async () => {
    const port = await serve((_request, response) => void response.end());
    await expect(serve(() => undefined, testHealth(), port)).rejects.toThrow(
      `HTTP_PORT: 127.0.0.1:${port} is taken by another program`,
    );
  });

  it.each([
    ['NOT HTTP\r\n\r\n', 400, 'invalid_request'],
    [`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(200_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET / HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
    ['GET /two-hosts HTTP/1.1\r\nHost: a\r\nX-A: b\r\nhost: b\r\n\r\n', 400, 'invalid_request'],
    ['GET /same-host-twice HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['GET /no-version\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\nConnection: close\r\n\r\n', 417, 'expectation_failed'],
  ])('answers requests that reach no handler with JSON: %.20s', async (bytes, status, error) => {
    const port = await serve((_request, response) => void response.end());
    const text = await rawRequest(port, bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const body = JSON.parse(text.split('\r\n\r\n')[1] ?? '') as { request_id: string };
    expect(body).toEqual({ error, message: expect.any(String), details: [], request_id: expect.any(String) });
    expect(text).toContain(`X-Request-ID: ${body.request_id}\r\n`);
  });

  it('takes the path from an absolute URL', async () => {
    const port = await serve((request, response) => void response.end(request.url));
    const text = await rawRequest(port, 'GET http://a:80/ads?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/\r\n\/ads\?x=1$|\r\n\/ads\?x=1\r\n/);
  });

  it('answers earlier requests first, then refuses the bytes that are not HTTP', async () => {
    const port = await serve((_request, response) => void setTimeout(() => response.end('recorded'), 50));
    const text = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nNOT HTTP\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*recorded[\s\S]*HTTP\/1\.1 400 /);
  });

  it('answers earlier complete requests before it refuses a body that is not HTTP', async () => {
    const port = await serve((request, response) => {
      request.on('error', () => undefined);
      if (request.url === '/click') setTimeout(() => response.writeHead(202).end('recorded'), 50);
      if (request.url === '/large') response.writeHead(413).end('too large');
    });
    const click = 'POST /click HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}';
    const broken = 'HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n';
    expect(await rawRequest(port, `${click}POST / ${broken}`)).toMatch(
      /^HTTP\/1\.1 202 [\s\S]*recorded[\s\S]*HTTP\/1\.1 400 /,
    );
    expect(await rawRequest(port, `${click}POST /large ${broken}`)).toMatch(
      /^HTTP\/1\.1 202 [\s\S]*recorded[\s\S]*HTTP\/1\.1 413 [\s\S]*too large[\s\S]{0,9}$/,
    );
  });

  it('refuses a bad request once, even if more bytes follow', async () => {
    const port = await serve(
      (request, response) =>
        void request.on('error', () => undefined).once('data', () => response.writeHead(413).end()),
    );
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await rawRequest(port, `${head}2\r\n{}\r\n`, 'no size\r\n'.repeat(20_000));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  });

  it('finishes open requests, closes idle connections and accepts no new ones when it drains', async () => {
    const health = testHealth();
    let finish = (): void => undefined;
    let arrived = (): void => undefined;
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const port = await serve((request, response) => {
      if (request.url === '/quick') return void response.end('quick');
      finish = () => void response.end('slow');
      arrived();
    }, health);

    const agent = new Agent({ keepAlive: true });
    const ask = (path: string): Promise<{ body: string; connection: string | undefined }> =>
      new Promise((resolve, reject) => {
        get({ port, host: '127.0.0.1', path, agent }, (answer) => {
          let body = '';
          answer.on('data', (part) => {
            body += part;
          });
          answer.on('end', () => resolve({ body, connection: answer.headers.connection }));
        }).on('error', reject);
      });

    expect(await ask('/quick')).toEqual({ body: 'quick', connection: 'keep-alive' });
    const slow = ask('/slow');
    await inFlight;
    const released = shutdown.run();
    await expect(fetch(`http://127.0.0.1:${port}/quick`)).rejects.toThrow();
    expect(health.notReady()).toBe('shutting down');
    finish();
    expect(await slow).toEqual({ body: 'slow', connection: 'close' });
    await released;
    agent.destroy();
  });
});

describe('HTTP_SEND_TIMEOUT_MS', () => {
  it('closes the connection of a client that does not read, and keeps an idle one', async () => {
    const metrics = createMetrics('test');
    const before = lines.length;
    const large = Buffer.alloc(64 * 2 ** 20);
    const port = await serve(
      (request, response) => void response.end(request.url === '/large' ? large : 'ok'),
      testHealth(),
      0,
      metrics,
    );
    const open = async (path: string) => {
      const socket = connect(port, '127.0.0.1').pause();
      socket.on('error', () => undefined).write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await once(socket, 'readable');
      return socket;
    };
    const idle = await open('/');
    const unread = await Promise.all([open('/large'), open('/large')]);
    while (!(await metrics.registry.metrics()).includes('http_answers_cut_off_total{service="test"} 2')) {
      await nextTurn();
    }
    expect(lines.slice(before).filter(({ fields }) => fields.event === 'http.answer_cut_off')).toEqual([
      expect.objectContaining({
        fields: { event: 'http.answer_cut_off', unread_bytes: expect.any(Number), timeout_ms: 1_000 },
      }),
    ]);
    let answer = '';
    idle.on('data', (part) => {
      answer += part;
    });
    idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    while (answer.split('\r\n\r\nok').length < 3) await nextTurn();
    for (const socket of [idle, ...unread]) socket.destroy();
  });
});
