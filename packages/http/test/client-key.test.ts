import { describe, expect, it } from '@jest/globals';
import { ipKeyGenerator } from 'express-rate-limit';
import fc from 'fast-check';
import { clientKey } from '../src/client-key.js';

const socket = { remoteAddress: '198.51.100.7' };

/** Addresses that differ in few places, in all notations. */
const group = fc.constantFrom('0', '00', '1', '0001', 'ff', 'FF', '1ff', '2001', '2A02', '3fff', '1000');
const address = fc.oneof(
  fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
  fc
    .tuple(fc.array(group, { maxLength: 6 }), fc.array(group, { maxLength: 6 }))
    .filter(([start, end]) => start.length + end.length < 8)
    .map(([start, end]) => `${start.join(':')}::${end.join(':')}`),
  fc.ipV6(),
  fc.ipV4(),
  fc.ipV4().map((v4) => `::ffff:${v4}`),
);

describe('clientKey', () => {
  it('groups addresses in the same way as express-rate-limit', () => {
    fc.assert(
      fc.property(address, address, (one, other) => {
        const same = clientKey(one, socket) === clientKey(other, socket);
        return same === (ipKeyGenerator(one) === ipKeyGenerator(other));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['2001:db8:0:12ff::1', '2001:DB8::1234:0:0:0:2', true],
    ['2001:db8:0:12ff::1', '2001:db8:0:13ff::1', false],
    ['2001:db8::', '2001:db8:0:ff:ffff:ffff:ffff:ffff', true],
    ['2001:db8::1', '2001:db9::1', false],
    ['::ffff:203.0.113.9', '203.0.113.9', true],
    ['fe80::1%eth0', 'fe80::2', true],
    ['203.0.113.9', '203.0.113.10', false],
    ['no address', 'unknown', true],
    ['no address', '198.51.100.7', true],
  ])('%s and %s are one client: %s', (one, other, same) => {
    expect(clientKey(one, socket) === clientKey(other, socket)).toBe(same);
  });
});
