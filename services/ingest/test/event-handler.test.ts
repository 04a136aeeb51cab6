import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jsonBody } from '@ads/http';
import { expect, test } from '@jest/globals';
import express, { type Request } from 'express';
import { eventHandler } from '../src/event-handler.js';

test('while an event waits to be durable, its body is not held', async () => {
  const bodies: unknown[] = [];
  let request: Request | undefined;
  const handler = eventHandler('click', {
    catalogue: { has: () => true, find: async () => 'known' },
    accept: async () => {
      bodies.push(request?.body);
      return { state: 'durable', by: 'jetstream' };
    },
    onAccepted: () => undefined,
    maxClockSkew: 0,
    now: Date.now,
  });
  const app = express();
  app.post('/', jsonBody(), (received, response, next) => {
    request = received;
    bodies.push(received.body);
    return handler(received, response, next);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ad_id: 'ad-001' }),
    });
    expect(answer.status).toBe(202);
    expect(bodies).toEqual([{ ad_id: 'ad-001' }, undefined]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
