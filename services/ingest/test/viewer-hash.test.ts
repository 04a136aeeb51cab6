import { createHash } from 'node:crypto';
import { addressBytes, keyedHash } from '@ads/models';
import { expect, it } from '@jest/globals';
import { readWords, WORDS } from '../src/invalid-traffic/address-words.js';
import { userAgentReader } from '../src/invalid-traffic/user-agents.js';
import { viewerHash } from '../src/invalid-traffic/viewer-hash.js';

const DAY_MS = 86_400_000;
const MIDNIGHT = 20_500 * DAY_MS;
const [before, after] = [keyedHash(Buffer.alloc(32, 1)), keyedHash(Buffer.alloc(32, 2))];
const hash = viewerHash({ hashOf: (day) => ({ 20499: before, 20500: after })[day] });
const agentOf = userAgentReader({ include: [], exclude: [] });
const viewerOf = (ip: string, userAgent: string, time: number) => {
  const words = new Uint32Array(WORDS);
  readWords(ip, words);
  return hash(words, agentOf(userAgent), time);
};
const [IP, BROWSER] = ['203.0.113.7', 'Mozilla/5.0'];

it('a viewer is 64 bits of a hash of address and user agent, with a key from the salt of the day of receipt', () => {
  const agent = createHash('sha256').update(BROWSER).digest().subarray(0, 16);
  // Words of the address have the byte order of the host.
  const address = addressBytes(IP).swap32();
  const digest = createHash('sha256').update(before('viewer', 'hex'), 'hex').update(address).update(agent).digest();
  const viewer = viewerOf(IP, BROWSER, MIDNIGHT - 1);
  expect(viewer).toBe(digest.readBigInt64BE().toString());
  expect(viewerOf(IP, BROWSER, MIDNIGHT - DAY_MS)).toBe(viewer);
  expect(viewerOf('::ffff:203.0.113.7', BROWSER, MIDNIGHT - 1)).toBe(viewer);
  const others = [
    viewerOf(IP, BROWSER, MIDNIGHT),
    viewerOf('203.0.113.8', BROWSER, MIDNIGHT - 1),
    viewerOf('2001:db8::7', BROWSER, MIDNIGHT - 1),
    viewerOf(IP, 'Mozilla/5.1', MIDNIGHT - 1),
    viewerOf(IP, '', MIDNIGHT - 1),
  ];
  expect(new Set([viewer, ...others]).size).toBe(6);
});

it('a viewer is unknown without a salt', () => {
  expect(viewerOf(IP, BROWSER, MIDNIGHT + DAY_MS)).toBeUndefined();
});
