import { keyedHash, NO_ADDRESS } from '@ads/models';
import { expect, it } from '@jest/globals';
import { viewerHash } from '../src/invalid-traffic/viewer-hash.js';

const DAY_MS = 86_400_000;
const MIDNIGHT = 20_500 * DAY_MS;
const [before, after] = [keyedHash(Buffer.alloc(32, 1)), keyedHash(Buffer.alloc(32, 2))];
const hash = viewerHash({ hashOf: (day) => ({ 20499: before, 20500: after })[day] });
const [ip, userAgent] = ['203.0.113.7', 'Mozilla/5.0'];

it('a viewer is the first 64 bits of the hash of address and user agent, with the salt of the day of receipt', () => {
  const digest = before(`${ip}|${userAgent}`, 'hex');
  expect(hash({ ip, userAgent }, MIDNIGHT - 1)).toBe(Buffer.from(digest, 'hex').readBigInt64BE().toString());
  expect(hash({ ip, userAgent }, MIDNIGHT - DAY_MS)).toBe(hash({ ip, userAgent }, MIDNIGHT - 1));
  expect(hash({ ip, userAgent }, MIDNIGHT)).not.toBe(hash({ ip, userAgent }, MIDNIGHT - 1));
  expect(hash({ ip: '203.0.113.8', userAgent }, MIDNIGHT)).not.toBe(hash({ ip, userAgent }, MIDNIGHT));
});

it('a viewer is unknown without a salt, an address or a user agent', () => {
  expect(hash({ ip, userAgent: '' }, MIDNIGHT)).toMatch(/^-?\d+$/);
  expect(hash({ ip, userAgent }, MIDNIGHT + DAY_MS)).toBeUndefined();
  for (const viewer of [
    { ip: undefined, userAgent },
    { ip, userAgent: undefined },
    { ip: NO_ADDRESS, userAgent },
  ]) {
    expect(hash(viewer, MIDNIGHT)).toBeUndefined();
  }
});

it('a user agent of any length is hashed at the same cost', () => {
  const long = 'x'.repeat(16_000);
  expect(hash({ ip, userAgent: long }, MIDNIGHT)).toBe(hash({ ip, userAgent: `${long}y` }, MIDNIGHT));
});
