import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import express from 'express';
import { createAdPages } from '../src/ad-pages.js';
import { adsHandler } from '../src/ads-handler.js';

const READERS = 13;
/** Larger than any page, so that the system cannot buffer the whole response. */
const PAGE_BYTES = 16 * 2 ** 20;

test('clients that do not read their page of ads share one buffer', async () => {
  const ads = JSON.stringify({ id: 'ad-001', image_url: 'x'.repeat(PAGE_BYTES) });
  const pages = createAdPages({ maxAgeMs: 3_600_000, read: async () => ({ ads, count: 1, next: undefined }) });
  const open: ServerResponse[] = [];
  const app = express().get('/ads', adsHandler(pages, 10));
  const server = createServer((request, response) => {
    open.push(response);
    app(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await pages.page({ limit: 1_000, after: undefined }, 'client');
  const bytes = () => process.memoryUsage().arrayBuffers;
  const before = bytes();
  const readers = Array.from({ length: READERS }, () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    socket.on('error', () => undefined).write('GET /ads HTTP/1.1\r\nHost: a\r\n\r\n');
    return socket;
  });
  const waiting = () => open.filter(({ socket }) => (socket?.writableLength ?? 0) >= PAGE_BYTES);
  while (waiting().length < READERS) await nextTurn();
  expect(bytes() - before).toBeLessThan(PAGE_BYTES / 2);
  for (const socket of readers) socket.destroy();
  await pages.stop();
  server.close();
  await once(server, 'close');
});
