import { expect, test } from '@jest/globals';
import { type Interfaces, lanUrl, localUrl } from '../src/launcher/lan-url.js';

const loopback = { address: '127.0.0.1', family: 'IPv4', internal: true } as const;
const interfaces: Interfaces = {
  lo: [loopback],
  wlan0: [
    { address: 'fe80::1', family: 'IPv6', internal: false },
    { address: '192.0.2.7', family: 'IPv4', internal: false },
  ],
};

test.each([
  ['0.0.0.0', { url: 'http://192.0.2.7:8080', isOpen: true }],
  ['::', { url: 'http://192.0.2.7:8080', isOpen: true }],
  ['127.0.0.1', { url: 'http://192.0.2.7:8080', isOpen: false }],
  ['198.51.100.1', undefined],
])('other devices reach a gateway on %s at %j', (host, expected) => {
  expect(lanUrl(host, 8080, interfaces)).toEqual(expected);
});

test('a machine without a network has no address for other devices', () => {
  expect(lanUrl('0.0.0.0', 8080, { lo: [loopback] })).toBeUndefined();
});

test.each([
  ['127.0.0.1', 'http://localhost:8080'],
  ['0.0.0.0', 'http://localhost:8080'],
  ['::', 'http://localhost:8080'],
  ['::1', 'http://[::1]:8080'],
  ['198.51.100.1', 'http://198.51.100.1:8080'],
])('this machine reaches a gateway on %s at %s', (host, expected) => {
  expect(localUrl(host, 8080)).toBe(expected);
});
