import type { IncomingMessage } from 'node:http';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forwardedForReader } from '../src/forwarded-for.js';

function read(header: string, trust: boolean | number | readonly string[] = true): unknown {
  const request = { headers: { 'x-forwarded-for': header } as IncomingMessage['headers'] };
  forwardedForReader({ TRUST_PROXY: trust } as Parameters<typeof forwardedForReader>[0])(request as IncomingMessage);
  return request.headers['x-forwarded-for'];
}

it('removes the port of every address in X-Forwarded-For', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const entry = fc.oneof(
    fc.tuple(fc.ipV4(), port).map(([address, number]) => [`${address}:${number}`, address] as const),
    fc.tuple(fc.ipV6(), port).map(([address, number]) => [`[${address}]:${number}`, address] as const),
    fc.ipV6().map((address) => [`[${address}]`, address] as const),
    fc.ipV6().map((address) => [address, address] as const),
    fc.ipV4().map((address) => [address, address] as const),
    fc.constantFrom('', 'unknown', '-', '[', '_hidden').map((text) => [text, text] as const),
  );
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 32 }),
      fc.constantFrom(',', ', ', ' , '),
      (entries, between) => {
        const plain = read(entries.map(([text]) => text).join(between));
        expect(
          String(plain)
            .split(',')
            .map((text) => text.trim()),
        ).toEqual(entries.map(([, address]) => address));
      },
    ),
    { numRuns: 5_000 },
  );
});

it('keeps X-Forwarded-For unchanged when no proxy is trusted', () => {
  expect(read('203.0.113.9:4711', false)).toBe('203.0.113.9:4711');
});

it('keeps only the last 32 hops of X-Forwarded-For', () => {
  for (const address of ['127.0.0.1', '::1', '[::1]:9']) {
    const plain = String(read([...Array(4_000).fill(address), '203.0.113.9', '127.0.0.1'].join(',')));
    expect(plain.split(',')).toHaveLength(32);
    expect(plain.endsWith(',203.0.113.9,127.0.0.1')).toBe(true);
  }
});
