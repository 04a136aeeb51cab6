import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, createConditions, createMetrics } from '@ads/runtime';
import { afterAll, describe, expect, it } from '@jest/globals';
import { logLines } from '../../../packages/runtime/test/log-lines.js';
import { createViewerCountry } from '../src/viewer-country.js';
import { click } from './events.js';
import { mmdb } from './mmdb.js';

const folder = mkdtempSync(join(tmpdir(), 'geoip-'));
afterAll(() => rmSync(folder, { recursive: true }));

const country = (iso_code: string) => ({ country: { iso_code, names: { en: 'A country' } } });
const NETWORKS = {
  '198.51.100.0/24': country('DE'),
  '203.0.113.0/25': { registered_country: { iso_code: 'FR' } },
  '192.0.2.0/24': { country: { iso_code: 'Europe' }, registered_country: { iso_code: 'FR' } },
  '192.0.0.0/24': { country: { names: { en: 'Nowhere' } } },
};
const BOTH = mmdb({ ...NETWORKS, '2001:db8::/32': country('NP') });

/** Replaces a file as the tools of the vendors do. */
function replace(path: string, file: string | Buffer): void {
  writeFileSync(`${path}.new`, file);
  renameSync(`${path}.new`, path);
}

let files = 0;
async function open(file: string | Buffer, limit: { readonly maxBytes?: number } = {}) {
  const path = join(folder, `${files++}.mmdb`);
  replace(path, file);
  const log = logLines();
  const conditions = createConditions(createMetrics('test'), log.logger);
  const condition = conditions.declare('geoip_db_unusable');
  const { addTo, check } = await createViewerCountry({ path, logger: log.logger, condition, ...limit });
  return {
    path,
    check,
    addTo,
    countryOf: (ip: string) => addTo({ ...click('ad-001'), ip }).labels?.country,
    condition: () => conditions.active().geoip_db_unusable,
    events: () => log.lines.map(({ fields }) => fields.event),
  };
}

describe('the country of an address', () => {
  it.each([
    ['198.51.100.255', 'DE'],
    ['203.0.113.127', 'FR'],
    ['203.0.113.128', undefined],
    ['2001:db8:1::9', 'NP'],
    ['2001:DB8::198.51.100.7', 'NP'],
    ['2001:db9::', undefined],
    ['0.0.0.0', undefined],
    ['192.0.2.1', undefined],
    ['192.0.0.1', undefined],
  ])('of %s is %s', async (ip, expected) => {
    const { countryOf } = await open(BOTH);
    // The second answer comes from the cache.
    expect([countryOf(ip), countryOf(ip)]).toEqual([expected, expected]);
  });

  it('is unknown for IPv6 in a database of IPv4', async () => {
    const { countryOf } = await open(mmdb({ ...NETWORKS, '32.1.13.184/32': country('US') }, 4));
    expect(['198.51.100.1', '32.1.13.184', '2001:db8::1'].map(countryOf)).toEqual(['DE', 'US', undefined]);
  });

  it('is added beside other labels, and never replaces the country of the player', async () => {
    const { addTo } = await open(BOTH);
    const event = { ...click('ad-001'), ip: '198.51.100.1' };
    expect(addTo(event)).toEqual({ ...event, labels: { country: 'DE' } });
    const labels = { placement: 'top', error_code: '402' };
    expect(addTo({ ...event, labels })).toEqual({ ...event, labels: { ...labels, country: 'DE' } });
    const given = { ...event, labels: { country: 'CH' } };
    expect(addTo(given)).toBe(given);
    const elsewhere = { ...event, ip: '10.0.0.1' };
    expect(addTo(elsewhere)).toBe(elsewhere);
  });
});

describe('the file', () => {
  it('is loaded again when it was replaced', async () => {
    const { path, check, countryOf, condition, events } = await open(BOTH);
    expect(countryOf('198.51.100.1')).toBe('DE');
    await check();
    expect(events()).toEqual(['geoip.loaded']);
    replace(path, mmdb({ '198.51.100.0/24': country('AT') }));
    await check();
    expect(countryOf('198.51.100.1')).toBe('AT');
    expect(condition()).toBeUndefined();
    expect(events()).toEqual(['geoip.loaded', 'geoip.loaded']);
  });

  it.each([
    ['broken', 'not a database', /not a readable mmdb database/],
    ['cut off', BOTH.subarray(0, -20), /not a readable mmdb database/],
    ['of another kind', mmdb({ '198.51.100.0/24': { asn: 64496 } }), /Test-Country of 2026-11-01 has no countries/],
    ['empty', '', /not a readable mmdb database/],
  ])('is not used when its replacement is %s', async (_, file, reason) => {
    await expect(open(file)).rejects.toThrow(reason);
    const { path, check, countryOf, condition, events } = await open(BOTH);
    replace(path, file);
    await check();
    await check();
    expect(countryOf('198.51.100.1')).toBe('DE');
    expect(condition()).toMatch(reason);
    expect(events()).toEqual(['geoip.loaded', 'condition.began']);
    replace(path, BOTH);
    await check();
    expect(condition()).toBeUndefined();
  });

  it('is not needed while the service runs, but for its start', async () => {
    const { path, check, countryOf, condition } = await open(BOTH);
    rmSync(path);
    await check();
    expect(countryOf('198.51.100.1')).toBe('DE');
    expect(condition()).toMatch(/ENOENT/);
    const options = { ...logLines(), condition: { hold: () => undefined, clear: () => undefined } };
    await expect(createViewerCountry({ ...options, path })).rejects.toThrow(ConfigError);
    await expect(createViewerCountry({ ...options, path: folder })).rejects.toThrow(/GEOIP_DB: .* is not a file/);
  });

  it('has a size limit', async () => {
    await expect(open(BOTH, { maxBytes: BOTH.length })).resolves.toBeDefined();
    await expect(open(BOTH, { maxBytes: BOTH.length - 1 })).rejects.toThrow(`at most ${BOTH.length - 1} are allowed`);
  });
});
