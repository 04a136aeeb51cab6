import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import express from 'express';
import { dashboard } from '../src/dashboard/dashboard.js';

let server: Server;
let url: string;

beforeAll(async () => {
  const router = express.Router();
  dashboard(router);
  server = createServer(express().disable('etag').use('/under', router).use(router));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  // fetch would send Cache-Control: no-cache with a conditional request.
  fetch(`${url}${path}`, { method, headers: { 'Cache-Control': 'max-age=0', ...headers }, redirect: 'manual' });

it('redirects browsers from / to the page, and no other client', async () => {
  for (const prefix of ['', '/under']) {
    const answer = await get(`${prefix}/`, { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${prefix}/dashboard`]);
    expect((await get(`${prefix}/`, { Accept: '*/*' })).status).toBe(404);
  }
});

it('answers each view with the page, which caches must compare and which may load only its own files', async () => {
  const page = await (await get('/dashboard')).text();
  for (const path of ['/dashboard/', '/dashboard/now', '/dashboard/ads/a%2Fb', '/under/dashboard/report?from=x']) {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(await answer.text()).toBe(page);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(answer.headers.get('permissions-policy')).toContain('camera=()');
  }
});

it('serves each file in the smallest encoding that the client accepts, for ever, with its length also for HEAD', async () => {
  const page = await (await get('/dashboard')).text();
  const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
  expect(files).toHaveLength(3);
  for (const file of files) {
    const plain = await get(file, { 'Accept-Encoding': 'identity' });
    const content = await plain.text();
    expect([plain.status, plain.headers.get('content-encoding')]).toEqual([200, null]);
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const [accepted, expected] of [
      ['gzip, deflate, br', 'br'],
      ['gzip, deflate', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
    ] as const) {
      const answer = await get(file, { 'Accept-Encoding': accepted });
      expect([answer.headers.get('content-encoding'), answer.headers.get('vary')]).toEqual([
        expected,
        'Accept-Encoding',
      ]);
      expect(await answer.text()).toBe(content);
    }
    const head = await get(file, { 'Accept-Encoding': 'identity' }, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, plain.headers.get('content-length')]);
    const etag = plain.headers.get('etag') ?? '';
    expect((await get(file, { 'If-None-Match': etag })).status).toBe(304);
    expect((await get(file, { 'If-None-Match': '"another"' })).status).toBe(200);
  }
});

it.each(['/dashboard/files/page-AAAAAAAA.js', '/dashboard/files/..%2Findex.html', '/dashboard/files/__proto__'])(
  'has no file %s',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);
