import { expect, test } from '@jest/globals';
import { createRateLimiter } from '../src/rate-limiter.js';

const SOCKET = { remoteAddress: '192.0.2.99' };

/** The number of requests that a client may send until one is refused. */
function allowedFor(rateLimiter: ReturnType<typeof createRateLimiter>, client: string): number {
  for (let allowed = 0; ; allowed += 1) {
    try {
      rateLimiter(client, SOCKET);
    } catch {
      return allowed;
    }
  }
}

test('the window of a client begins with its first request, and a new one begins after it ends', () => {
  let time = 1_000_000;
  const rateLimiter = createRateLimiter('events', 3, { now: () => time });
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(3);
  time += 30_000;
  expect(allowedFor(rateLimiter, '192.0.2.2')).toBe(3);
  time += 29_999;
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(0);
  time += 1;
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(3);
  expect(allowedFor(rateLimiter, '192.0.2.2')).toBe(0);
  time += 30_000;
  expect(allowedFor(rateLimiter, '192.0.2.2')).toBe(3);
});

test('a client that keeps sending requests stays limited, whatever the number of other clients', () => {
  const rateLimiter = createRateLimiter('events', 50, { maxClients: 100 });
  for (let visit = 0; visit < 50; visit += 1) {
    rateLimiter('192.0.2.1', SOCKET);
    for (let stranger = 0; stranger < 49; stranger += 1) rateLimiter(`10.0.${visit}.${stranger}`, SOCKET);
  }
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(0);
});

test('the first client is forgotten when there are more than maxClients', () => {
  const rateLimiter = createRateLimiter('events', 1, { maxClients: 100 });
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(1);
  for (let stranger = 0; stranger < 100; stranger += 1) rateLimiter(`10.0.0.${stranger}`, SOCKET);
  expect(allowedFor(rateLimiter, '192.0.2.1')).toBe(1);
});

test('a window never lasts more than 60 seconds', () => {
  const rateLimiter = createRateLimiter('events', 1_000);
  for (let client = 0; client < 1_000; client += 1) {
    expect(rateLimiter(`10.0.${client >> 8}.${client & 255}`, SOCKET)).toContain('"events"; r=999; t=60');
  }
});
