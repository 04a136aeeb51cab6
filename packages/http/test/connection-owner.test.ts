import type { Socket } from 'node:net';
import type { HttpConfig } from '@ads/runtime';
import { expect, it } from '@jest/globals';
import { connectionOwner } from '../src/connection-owner.js';

const ownerOf = (trusted: HttpConfig['TRUST_PROXY'], remoteAddress: string) =>
  connectionOwner({ TRUST_PROXY: trusted } as HttpConfig)({ remoteAddress } as Socket);

it.each<[HttpConfig['TRUST_PROXY'], string]>([
  [true, '203.0.113.9'],
  [1, '203.0.113.9'],
  [['10.0.0.0/8', 'loopback'], '10.1.2.3'],
  [['10.0.0.0/8', 'loopback'], '::ffff:10.1.2.3'],
  [['10.0.0.0/8', 'loopback'], '::1'],
])('with TRUST_PROXY=%s a connection from %s has no owner', (trusted, address) => {
  expect(ownerOf(trusted, address)).toBeUndefined();
});

it.each<[HttpConfig['TRUST_PROXY'], string, string]>([
  [false, '127.0.0.1', '::ffff:127.0.0.1'],
  [0, '127.0.0.1', '127.0.0.1'],
  [['10.0.0.0/8'], '203.0.113.9', '::ffff:203.0.113.9'],
  [['10.0.0.0/8'], '2001:db8:0:1200::1', '2001:db8:0:12ff::2'],
])('with TRUST_PROXY=%s connections from %s and %s have the same owner', (trusted, one, other) => {
  expect(ownerOf(trusted, one)).toEqual(expect.any(String));
  expect(ownerOf(trusted, one)).toBe(ownerOf(trusted, other));
});
