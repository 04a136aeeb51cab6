import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@ads/runtime';
import { afterAll, expect, it } from '@jest/globals';
import { readListsCommand, runListsCommand } from '../src/command/ivt-lists-command.js';

const folder = mkdtempSync(join(tmpdir(), 'ivt-lists-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function convert(files: Readonly<Record<string, unknown>>): Promise<string[]> {
  const paths = Object.entries(files).map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  });
  const printed: string[] = [];
  const command = readListsCommand(paths);
  expect(await runListsCommand(command, (text) => printed.push(text))).toBe(true);
  return printed.join('\n').replaceAll(`${folder}/`, '').split('\n');
}

it('npm run ivt-lists makes one list of the files of the clouds, without comments and repetitions', async () => {
  const files = {
    'aws.json': {
      syncToken: '1763000000',
      prefixes: [
        { ip_prefix: '52.94.76.0/22', region: 'us-west-2', service: 'AMAZON' },
        { ip_prefix: '52.94.76.0/22', region: 'us-west-2', service: 'EC2' },
      ],
      ipv6_prefixes: [{ ipv6_prefix: '2600:1f00:8000::/40', region: 'us-west-2', service: 'EC2' }],
    },
    'cloud.json': {
      syncToken: '1763000000',
      prefixes: [{ ipv4Prefix: '34.1.208.0/20', service: 'Google Cloud' }, { ipv6Prefix: '2600:1900:4000::/44' }],
    },
    'ServiceTags_Public.json': {
      cloud: 'Public',
      values: [
        { name: 'AzureCloud', properties: { addressPrefixes: ['13.64.0.0/16', '2603:1000::/24'] } },
        { name: 'x' },
      ],
    },
    'oracle.json': { regions: [{ region: 'us-phoenix-1', cidrs: [{ cidr: '129.146.0.0/21', tags: ['OCI'] }] }] },
    'digitalocean.csv': '\ufeff5.101.96.0/21,NL,NL-NH,Amsterdam,\r\n2400:6180::/48,SG,,Singapore,\r\n',
    'own.txt': '# ours\n203.0.113.9\n52.94.0.0/16 # all of it\n\n',
  };
  expect(await convert(files)).toEqual([
    '# aws.json: 3 ranges',
    '# cloud.json: 2 ranges',
    '# ServiceTags_Public.json: 2 ranges',
    '# oracle.json: 1 ranges',
    '# digitalocean.csv: 2 ranges',
    '# own.txt: 2 ranges',
    '5.101.96.0/21',
    '13.64.0.0/16',
    '34.1.208.0/20',
    '52.94.0.0/16',
    '129.146.0.0/21',
    '203.0.113.9/32',
    '2400:6180::/48',
    '2600:1900:4000::/44',
    '2600:1f00:8000::/40',
    '2603:1000::/24',
  ]);
});

it.each([
  ['an unknown format', '{"ranges":["10.0.0.0/8"]}', 'has no ranges of a known format'],
  ['broken JSON', '{"prefixes":', 'JSON'],
  ['an empty file', '', 'has no ranges of a known format'],
  ['a page', '<html>', '"<html>" is neither an address nor a range (CIDR)'],
  [
    'a wrong range',
    '{"prefixes":[{"ip_prefix":"10.0.0.0/33"}]}',
    '"10.0.0.0/33" has a prefix length that is not 0 to 32',
  ],
])('npm run ivt-lists names the file and the reason for %s', async (_, content, reason) => {
  const error = String(await convert({ 'file.txt': content }).catch((thrown: unknown) => thrown));
  expect(error).toContain(`Error: ${join(folder, 'file.txt')}: `);
  expect(error).toContain(reason);
});

it('npm run ivt-lists needs a file', () => {
  expect(() => readListsCommand([])).toThrow(UsageError);
  expect(() => readListsCommand(['--only', 'a.json'])).toThrow(UsageError);
});
