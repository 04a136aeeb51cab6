import { isIPv6 } from 'node:net';
import { openPool, openTestServers } from '@ads/local';
import { encodeEvents, NO_ADDRESS, wireReader } from '@ads/models';
import { afterAll, describe, expect, it } from '@jest/globals';
import { addressHider, IP_MODES, type IpMode } from '../src/hide-address.js';
import { click } from './events.js';

const testServers = openTestServers();
afterAll(testServers.release);

const DAY_MS = 86_400_000;

/** Returns the stored form of addresses in one process, at noon or a number of days later. */
function hider(mode: IpMode) {
  const hide = addressHider(mode) ?? ((event) => event);
  return (ip: string, days = 0) => {
    const event = click('ad-001');
    return hide({ ...event, ip, receivedAt: event.receivedAt + days * DAY_MS }).ip;
  };
}

const ADDRESSES = [
  '203.0.113.9',
  '1.2.3.4',
  '255.255.255.255',
  NO_ADDRESS,
  '2001:db8:1:2:3:4:5:6',
  '2001:DB8::1',
  '::',
  '::1',
  '1::',
  '::2:3:4:5:6:7:8',
  '1:2::',
  '1:2:3:4:5:6:7::',
  '64:ff9b::203.0.113.9',
  '1:2:3:4:5:6:203.0.113.9',
  '::ffff:cb00:7109',
];

it.each(IP_MODES)('%s: every stored address passes the wire, and changes nothing else of an event', (mode) => {
  const hide = addressHider(mode) ?? ((event) => event);
  for (const ip of ADDRESSES) {
    const event = { ...click('ad-001'), ip, claimedAt: 1, playTimeMs: 2 };
    const decoded = wireReader.decode(encodeEvents([hide(event)]));
    expect(decoded).toEqual({ state: 'decoded', events: [{ ...event, ip: expect.any(String) }], rejected: [] });
  }
});

it('full keeps the address, and none stores the same for every viewer', () => {
  expect(ADDRESSES.map((ip) => hider('full')(ip))).toEqual(ADDRESSES);
  expect(new Set(ADDRESSES.map((ip) => hider('none')(ip)))).toEqual(new Set([NO_ADDRESS]));
});

it('truncated stores the networks that Postgres computes', async () => {
  const pool = openPool(await testServers.database());
  testServers.onRelease(() => pool.end());
  const { rows } = await pool.query(
    `SELECT host(network(set_masklen(given::inet, CASE family(given::inet) WHEN 4 THEN 24 ELSE 48 END))) AS expected,
            host(stored::inet) AS stored
     FROM unnest($1::text[], $2::text[]) AS address (given, stored)`,
    [ADDRESSES, ADDRESSES.map((ip) => hider('truncated')(ip))],
  );
  expect(rows.map(({ stored }) => stored)).toEqual(rows.map(({ expected }) => expected));
});

describe('hashed', () => {
  it('stores a private IPv6 address, equal for all spellings of an address on the same day', () => {
    const hash = hider('hashed');
    const [first = '', ...others] = ['2001:db8::1', '2001:DB8:0:0::1', '2001:0db8::0.0.0.1'].map((ip) => hash(ip));
    expect(first).toMatch(/^fd[\da-f]{2}(:[\da-f]{4}){7}$/);
    expect(isIPv6(first)).toBe(true);
    expect(others).toEqual([first, first]);
    expect(hash('::ffff:cb00:7109')).toBe(hash('203.0.113.9'));
    const different = ADDRESSES.slice(0, -1).map((ip) => hash(ip));
    expect(new Set(different).size).toBe(ADDRESSES.length - 1);
  });

  it('stores another hash on another day and in another process, and never returns to a salt', () => {
    const hash = hider('hashed');
    const hashes = [
      hash('203.0.113.9'),
      hash('203.0.113.9', 1),
      hash('203.0.113.9', 0),
      hider('hashed')('203.0.113.9'),
    ];
    expect(new Set(hashes).size).toBe(4);
  });

  it('keeps an unknown address', () => {
    expect(hider('hashed')(NO_ADDRESS)).toBe(NO_ADDRESS);
  });
});
