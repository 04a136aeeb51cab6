import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clientOf } from '../src/gateway/clients.js';
import { type Gateway, openGateway } from '../src/gateway/gateway.js';
import { isMalformed, originForm, upstreamOf } from '../src/gateway/routes.js';
import { waitFor } from '../src/wait-for.js';

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
    ['/', 'analytics'],
    ['/api/v1/', 'analytics'],
    ['/dashboard', 'analytics'],
    ['/dashboard/ads/ad-001?range=7d', 'analytics'],
    ['/dashboards', 'ingest'],
    ['//', 'ingest'],
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

test.each([
  ['1.2.3.4', '1.2.3.4', true],
  ['1.2.3.4', '::ffff:1.2.3.4', true],
  ['1.2.3.4', '1.2.3.5', false],
  ['2001:db8:1:200::1', '2001:db8:1:2ff:9::9', true],
  ['2001:db8:1:200::1', '2001:db8:1:300::1', false],
])('%s and %s are one client: %s', (one, other, same) => {
  expect(clientOf({ remoteAddress: one }) === clientOf({ remoteAddress: other })).toBe(same);
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

    // A person gets a page that reloads itself, and API clients that accept HTML still get the error.
    const page = (path: string) => fetch(`${url}${path}`, { headers: { Accept: 'text/html,*/*;q=0.8' } });
    for (const path of ['/', '/dashboard', '/dashboard/ads?range=7d']) {
      const starting = await page(path);
      expect([starting.status, starting.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
      expect(await starting.text()).toContain('<meta http-equiv="refresh" content="1">');
    }
    for (const path of ['/ads', '/dashboards']) expect(await (await page(path)).json()).toHaveProperty('error');
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

  test('does not reflect the Connection header of the request', async () => {
    const client = send('127.0.0.1', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x-reflected\r\n\r\n');
    const [answer] = await once(client, 'data');
    client.destroy();
    expect(String(answer)).toMatch(/^connection: keep-alive\r$/im);
    expect(String(answer)).not.toContain('x-reflected');
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

  test('replaces idle and half-sent connections of a client that has 1,024, and serves other clients', async () => {
    const held = Array.from({ length: 1_024 }, () => send('127.0.0.2', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Le'));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const closed = Promise.all(held.slice(0, 2).map((socket) => once(socket, 'close')));
    const further = [send('127.0.0.2', GET), send('127.0.0.3', GET), send('127.0.0.2', GET)];
    expect(await Promise.all(further.map(statusOf))).toEqual(['200', '200', '200']);
    await closed;
    expect(held.slice(2).filter(({ closed }) => closed)).toEqual([]);
    for (const socket of [...held, ...further]) socket.destroy();
  });

  test('closes a further connection of a client that waits for 1,024 responses, until it disconnects', async () => {
    upstream.removeAllListeners('request');
    let waiting = 0;
    upstream.on('request', (incoming, response) => {
      if (incoming.headers['x-forwarded-for'] === '127.0.0.3') response.end();
      else waiting += 1;
    });
    const held = Array.from({ length: 1_024 }, () => send('127.0.0.2', GET));
    await waitFor(() => waiting === held.length, { timeoutMs: 20_000, what: 'all requests to arrive' });
    await once(send('127.0.0.2', GET), 'close');
    const other = send('127.0.0.3', GET);
    expect(await statusOf(other)).toBe('200');
    for (const socket of [...held, other]) socket.destroy();
    await waitFor(async () => (await openConnections(upstream)) <= 1, { timeoutMs: 20_000, what: 'them to be closed' });
    send('127.0.0.2', GET);
    await waitFor(() => waiting > held.length, { timeoutMs: 20_000, what: 'a request to arrive' });
  });

  test('forwards the pipelined requests of a connection one after another', async () => {
    let open = 0;
    let most = 0;
    upstream.on('request', (_incoming, response) => {
      open += 1;
      most = Math.max(most, open);
      response.once('close', () => {
        open -= 1;
      });
    });
    const paths = Array.from({ length: 2_000 }, (_, index) => `/${index}`);
    const requests = paths.map(
      (path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n${'x'.repeat(90)}`,
    );
    const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = await exchange(gateway.port, `${requests.join('')}${last}`);
    expect([...text.matchAll(/"url":"([^"]*)"/g)].map(([, path]) => path)).toEqual([...paths, '/last']);
    expect(most).toBe(1);
  });

  test('closes a connection with more than 1,024 pipelined requests that wait', async () => {
    upstream.removeAllListeners('request');
    await once(send('127.0.0.2', GET.repeat(1_026)), 'close');
  });

  test('ends all pipelined requests when a client that reads nothing disconnects', async () => {
    upstream.removeAllListeners('request');
    const answered = once(upstream, 'request');
    upstream.on('request', (_incoming, response) => response.end('x'.repeat(2 ** 23)));
    const client = send('127.0.0.2', GET.repeat(10)).pause();
    await answered;
    await waitFor(() => client.bytesRead > 0, { timeoutMs: 20_000, what: 'a response' });
    client.resetAndDestroy();
    await waitFor(async () => (await openConnections(upstream)) === 0, {
      timeoutMs: 20_000,
      what: 'them to be closed',
    });
  });

  test.each(['/%zz', '/../', '/ads%00'])('refuses a malformed path in the format of the API: %s', async (target) => {
    const text = await exchange(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: 'invalid_request', details: [] });
  });

  test.each([
    ['no Host', ''],
    ['two Hosts', 'Host: a\r\nHost: a\r\n'],
  ])('refuses a request with %s in the format of the API', async (_name, hosts) => {
    const text = await exchange(gateway.port, `GET / HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: 'invalid_request' });
  });

  /** Sends bytes to the gateway from an address. */
  function send(localAddress: string, bytes: string): Socket {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined).resume();
    socket.write(bytes);
    return socket;
  }
});

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** @returns the status of the next response */
async function statusOf(socket: Socket): Promise<string> {
  const [data] = await once(socket, 'data');
  return String(data).slice(9, 12);
}

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

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
