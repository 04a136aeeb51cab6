import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { findExecutables, freePort, localFolder, projectRoot, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyGateway } from '../src/gateway-files.js';
import { openRepository } from '../src/repository.js';

/** Memory of a connection while its headers arrive: 1 KB, two buffers of 8 KB, and the state of nginx. */
const BYTES_PER_CONNECTION = 28 * 1_024;
const HEADER = `X-Padding: ${'a'.repeat(7_000)}\r\n`;

let service: Server;
let nginx: ChildProcess;
let port: number;

beforeAll(async () => {
  service = createServer((request, response) => {
    if (request.url === '/ads/analytics/live') {
      response.writeHead(200, { 'X-Accel-Buffering': 'no' }).write('data: 1');
      return;
    }
    response.end(JSON.stringify({ url: request.url, forwardedFor: request.headers['x-forwarded-for'] }));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port: servicePort } = service.address() as AddressInfo;
  port = await freePort();
  const root = process.env.TEST_FOLDER ?? join(localFolder, 'test');
  mkdirSync(root, { recursive: true });
  const folder = mkdtempSync(join(root, 'nginx-'));
  const main = copyGateway(openRepository(projectRoot), folder, servicePort, `127.0.0.1:${port}`);
  const { nginx: found } = await findExecutables(['nginx']);
  if (found.kind !== 'binary') throw new Error('This test needs nginx: apt install nginx.');
  // As root, nginx runs its workers as a user that may not exist here.
  const globals = `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''}`;
  nginx = spawn(found.path, ['-e', 'stderr', '-p', folder, '-c', main, '-g', globals], {
    env: { ...process.env, ...found.env },
    stdio: 'inherit',
  });
  await waitFor(() => fetch(`http://127.0.0.1:${port}/info`).then(({ ok }) => ok), {
    timeoutMs: 30_000,
    what: 'nginx to answer',
  });
});

afterAll(() => {
  nginx?.kill();
  service?.close();
});

interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends these bytes, and returns everything until the connection ends. */
function exchange(bytes: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let all = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      all += part;
    });
    socket.on('close', () => {
      const [head = '', ...rest] = all.split('\r\n\r\n');
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body: rest.join('\r\n\r\n') });
    });
  });
}

const get = (target: string, version = 'HTTP/1.1') =>
  exchange(`GET ${target} ${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);

describe('nginx answers in the format of the API for', () => {
  test.each<[string, string, number, string]>([
    ['a broken escape', 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['a path above the root', 'GET /../ HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['an escaped path above the root', 'GET /ads/%2e%2e/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['an escaped NUL', 'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['a NUL', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['a control character', 'GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['no path', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['bytes that are not HTTP', 'nonsense\r\n\r\n', 400, 'invalid_request'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['no Host', 'GET /ads HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
    ['two Hosts', 'GET /ads HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'invalid_request'],
    ['a bad length', 'POST /ads/click HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 400, 'invalid_request'],
    [
      'an unknown encoding',
      'POST /ads/click HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n',
      400,
      'invalid_request',
    ],
    ['a path without a route', 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404, 'not_found'],
    [
      'its internal pages',
      'GET /_error/unavailable HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      404,
      'not_found',
    ],
    [
      'a path in another letter case',
      'GET /Ads/Analytics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      404,
      'not_found',
    ],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_request'],
    ['TRACE', 'TRACE /ads HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405, 'method_not_allowed'],
    [
      'a large body',
      `POST /ads/click HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${2 ** 21}\r\n\r\n`,
      413,
      'payload_too_large',
    ],
    ['a long target', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'headers_too_large'],
    ['a long header', `GET /ads HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(9_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_name, bytes, status, error) => {
    const answer = await exchange(bytes);
    expect([answer.status, answer.head]).toEqual([status, expect.stringMatching(/content-type: application\/json/i)]);
    const [, requestId] = /x-request-id: (\S+)/i.exec(answer.head) ?? [];
    expect(JSON.parse(answer.body)).toEqual({
      error,
      message: expect.stringMatching(/^[A-Z].*\.$/),
      details: [],
      request_id: requestId,
    });
  });
});

test('/health is forwarded with the real address of the client, whatever headers it sends', async () => {
  const asked = await exchange(
    'GET /health HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n',
  );
  expect(JSON.parse(asked.body.replace(/^[\da-f]+\r\n|\r\n0\r\n\r\n$/g, ''))).toEqual({
    url: '/health',
    forwardedFor: '127.0.0.1',
  });
});

test('the first bytes of a live stream are forwarded before its end', async () => {
  const { body } = await fetch(`http://127.0.0.1:${port}/ads/analytics/live`);
  const reader = body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1');
  await reader?.cancel();
});

test('endless headers use bounded memory and do not delay other clients', async () => {
  const connections = 1_000;
  const before = memoryOfWorkers();
  // The buffers hold two headers. Every second connection sends more and is refused.
  const sockets = await Promise.all(
    Array.from({ length: connections }, (_, index) => halfSent(index % 2 === 0 ? 2 : 8)),
  );
  try {
    await waitFor(() => memoryOfWorkers() > before + connections * HEADER.length, {
      timeoutMs: 30_000,
      what: 'nginx to have read the headers',
    });
    expect((await get('/ads')).status).toBe(200);
    expect(memoryOfWorkers() - before).toBeLessThan(connections * BYTES_PER_CONNECTION);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

/** A connection whose headers have no end. */
function halfSent(headers: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET /ads HTTP/1.1\r\nHost: a\r\n${HEADER.repeat(headers)}`);
      socket.resume();
      resolve(socket);
    });
    socket.once('error', reject);
    socket.on('error', () => undefined);
  });
}

/** Bytes of the workers of nginx that no other process shares. */
function memoryOfWorkers(): number {
  const children = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(nginx.pid);
    } catch {
      return false;
    }
  });
  return children
    .map(
      (pid) => Number(/^Private_Dirty:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * 1_024,
    )
    .reduce((sum, bytes) => sum + bytes, 0);
}
