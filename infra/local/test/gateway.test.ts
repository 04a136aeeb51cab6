import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Gateway, openGateway } from '../src/gateway/gateway.js';
import { isMalformed, originForm, upstreamOf } from '../src/gateway/routes.js';

describe('upstreamOf', () => {
  test.each([
    ['/api/v1/ads/analytics', 'analytics'],
    ['/ads/analytics', 'analytics'],
    ['/ads/analytics/', 'analytics'],
    ['/api/v1/ads/analytics/stream?ad_id=1', 'analytics'],
    ['/ads/analytics?timeframe=1m', 'analytics'],
    ['/ads/analyticsx', 'ingest'],
    ['/api/v1/ads', 'ingest'],
    ['/x?next=/ads/analytics', 'ingest'],
    ['/', 'ingest'],
  ])('%s is answered by %s', (target, upstream) => {
    expect(upstreamOf(target)).toBe(upstream);
  });
});

test.each([
  ['http://a/ads?limit=1', '/ads?limit=1'],
  ['HTTPS://a:8080', '/'],
  ['http://a?x=1', '/?x=1'],
  ['/ads?next=http://a/b', '/ads?next=http://a/b'],
  ['*', '*'],
])('the origin form of %s is %s', (target, expected) => {
  expect(originForm(target)).toBe(expected);
});

test.each([
  ['/%zz', true],
  ['/ads/%', true],
  ['/ads/%00', true],
  ['/../', true],
  ['/ads/../../x', true],
  ['/ads/%2e%2e/%2E%2E/x', true],
  ['/ads%2f..%2f..', true],
  ['/', false],
  ['/ads/../info', false],
  ['/ads/%C3%A4?x=%zz/../../..', false],
])('%s is malformed: %s', (target, malformed) => {
  expect(isMalformed(target)).toBe(malformed);
});

describe('the gateway', () => {
  let upstream: Server;
  let gateway: Gateway;
  let url: string;

  beforeEach(async () => {
    upstream = createServer((incoming, response) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on('end', () => response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, bytes })));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    gateway = await openGateway({ host: '127.0.0.1', port: 0, portOf: () => port });
    url = `http://127.0.0.1:${gateway.port}`;
  });

  afterEach(async () => {
    await gateway.close(0);
    upstream.closeAllConnections();
    upstream.close();
  });

  test('replaces forwarding headers of the client by its real address', async () => {
    const forged = { 'X-Forwarded-For': '6.6.6.6', Forwarded: 'for=6.6.6.6', 'X-Real-IP': '6.6.6.6' };
    const answer = (await (await fetch(url, { headers: forged })).json()) as { headers: Record<string, string> };
    expect(answer.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', host: `127.0.0.1:${gateway.port}` });
    expect(JSON.stringify(answer.headers)).not.toContain('6.6.6.6');
  });

  test('forwards complete bodies', async () => {
    const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(300_000) });
    expect(await answer.json()).toMatchObject({ bytes: 300_000 });
  });

  test('answers 503 in the format of the API while a service is unavailable', async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    const answer = await fetch(url, { headers: { 'X-Request-ID': 'abc-1' } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
    expect(await answer.json()).toEqual({
      error: 'unavailable',
      message: expect.any(String),
      details: [],
      request_id: 'abc-1',
    });
  });

  test('keeps running when clients disconnect or send bytes that are not HTTP', async () => {
    const half = request(url, { method: 'POST', headers: { 'Content-Length': '1000' } });
    half.on('error', () => undefined);
    half.write('half');
    await new Promise((resolve) => setTimeout(resolve, 50));
    half.destroy();
    const rude = connect(gateway.port, '127.0.0.1', () => rude.end('\0\0 nonsense\r\n\r\n'));
    await new Promise((resolve) => rude.once('close', resolve).resume());
    expect((await fetch(url)).status).toBe(200);
  });

  test('forwards a target in absolute form in origin form', async () => {
    const text = await exchange(
      gateway.port,
      'GET http://a/ads?limit=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(text).toContain('"url":"/ads?limit=1"');
  });

  test('ends the request to the service when the client disconnects', async () => {
    upstream.removeAllListeners('request');
    const arrived = once(upstream, 'request');
    const client = connect(gateway.port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    const [incoming] = (await arrived) as [IncomingMessage];
    client.destroy();
    await once(incoming.socket, 'close');
  });

  test('does not forward hop-by-hop headers', async () => {
    const lines = ['GET / HTTP/1.1', 'Host: a', 'Trailer: X-Late', 'TE: trailers', 'Upgrade: h2c', 'Connection: close'];
    const text = await exchange(gateway.port, `${lines.join('\r\n')}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).not.toMatch(/trailer|h2c/i);
  });

  test('answers earlier requests before it refuses bytes that are not HTTP', async () => {
    const text = await exchange(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nNOT HTTP\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n')))).toMatchObject({
      error: 'invalid_request',
      details: [],
    });
  });

  test('answers earlier requests before it refuses a body that is not HTTP', async () => {
    const broken = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n';
    const text = await exchange(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n\r\n${broken}`);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  test('limits the open requests of one address, and serves the others meanwhile', async () => {
    const from = (localAddress: string, body: string): ReturnType<typeof connect> => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
      socket.on('error', () => undefined);
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n${body}`);
      return socket;
    };
    const status = (socket: ReturnType<typeof connect>) =>
      new Promise((resolve) => socket.once('data', (data) => resolve(data.toString('latin1').slice(9, 12))));
    const held = Array.from({ length: 1_024 }, () => from('127.0.0.2', '{'));
    let answer: unknown;
    // The held requests may arrive late: a 200 was answered before them.
    do {
      const next = from('127.0.0.2', '0123456789');
      answer = await status(next);
      next.destroy();
    } while (answer === '200');
    expect(answer).toBe('429');
    const other = from('127.0.0.3', '0123456789');
    expect(await status(other)).toBe('200');
    for (const socket of [...held, other]) socket.destroy();
    do {
      const next = from('127.0.0.2', '0123456789');
      answer = await status(next);
      next.destroy();
    } while (answer === '429');
    expect(answer).toBe('200');
  });

  test.each(['/%zz', '/../', '/ads%00'])('refuses a malformed path in the format of the API: %s', async (target) => {
    const text = await exchange(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: 'invalid_request', details: [] });
  });

  test('refuses a request without Host in the format of the API', async () => {
    const text = await exchange(gateway.port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: 'invalid_request' });
  });
});

/** Returns everything until the connection closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => {
      all += part;
    });
    socket.on('close', () => resolve(all));
  });
}
