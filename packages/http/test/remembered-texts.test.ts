import type { IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readAnalyticsQuery } from '@ads/contract';
import { expect, it } from '@jest/globals';
import { parserFor } from '../src/body-formats.js';
import { createRateLimiter } from '../src/rate-limiter.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const TEXTS = 1_000;
const OTHER = 'x'.repeat(10_000);

/** A text as the HTTP parser makes it, in one piece. */
const received = (text: string) => Buffer.from(text).toString('latin1');

function ofQuery(index: number): unknown {
  const reading = readAnalyticsQuery(received(`ad_id=nobody-knows-${index}&other=${OTHER}`));
  return reading.state === 'query' ? reading.query.ad_id : undefined;
}

function ofForm(index: number): unknown {
  let adId: unknown;
  const request = { headers: { 'content-type': 'application/x-www-form-urlencoded' } } as IncomingMessage;
  const parse = parserFor(request, new Set());
  if (typeof parse !== 'function') throw parse;
  parse(Buffer.from(`ad_id=nobody-knows-${index}&other=${OTHER}`), (_error, body) => {
    adId = (body as { ad_id: string }).ad_id;
  });
  return adId;
}

function ofPing(index: number): unknown {
  let adId: unknown;
  const url = received(`/ads/click?ad_id=nobody-knows-${index}&other=${OTHER}`);
  const parse = parserFor({ headers: { 'content-type': 'text/ping' }, url } as IncomingMessage, new Set());
  if (typeof parse !== 'function') throw parse;
  parse(Buffer.from('PING'), (_error, body) => {
    adId = (body as { ad_id: string }).ad_id;
  });
  return adId;
}

const limiter = createRateLimiter('reads', 100);

/** The limiter keeps the address. */
function ofForwardedFor(index: number): unknown {
  const header = received(`${OTHER}, 100.100.${100 + (index >> 8)}.${index & 255}`);
  limiter(header.slice(OTHER.length + 2), { remoteAddress: undefined });
  return undefined;
}

it.each([
  ['the query of an ad', ofQuery],
  ['a form', ofForm],
  ['a ping', ofPing],
  ['an address in X-Forwarded-For', ofForwardedFor],
])('what is remembered of %s does not keep the rest of it in memory', (_what, read) => {
  const heap = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const kept = Array.from({ length: TEXTS }, (_, index) => read(index));
  expect(heap() - before).toBeLessThan(TEXTS * 1_000);
  expect(kept).toHaveLength(TEXTS);
});
