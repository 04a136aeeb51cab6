import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressBytes } from '@ads/models';
import { ConfigError, createConditions, createMetrics } from '@ads/runtime';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { logLines } from '../../../packages/runtime/test/log-lines.js';
import { type AddressList, openAddressList } from '../src/invalid-traffic/address-list.js';
import { contains } from '../src/invalid-traffic/address-ranges.js';
import { readWords, WORDS } from '../src/invalid-traffic/address-words.js';
import { createRangeCollector } from '../src/invalid-traffic/collect-ranges.js';
import { createListMetrics } from '../src/invalid-traffic/list-metrics.js';
import { rangeTexts } from '../src/invalid-traffic/range-texts.js';
import { readList } from '../src/invalid-traffic/read-list.js';

const folder = mkdtempSync(join(tmpdir(), 'lists-'));
afterAll(() => rmSync(folder, { recursive: true }));

const words = new Uint32Array(WORDS);
const numberOf = (address: string): bigint => BigInt(`0x${addressBytes(address).toString('hex')}`);

/** An address in IPv6, of which the low bits may differ, so that ranges are nested, adjacent, or the same. */
const v6Text = (value: bigint): string => (value.toString(16).padStart(32, '0').match(/.{4}/g) ?? []).join(':');
const v4Text = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');

const FEW = [0n, 1n, 2n, 3n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn];
const part = fc.constantFrom(...FEW);
const v6Address = fc.tuple(part, part, part, part).map((parts) => parts.reduce((sum, next) => (sum << 32n) | next, 0n));

function masked(value: bigint, prefix: number, bits: number): bigint {
  const free = BigInt(bits - prefix);
  return (value >> free) << free;
}

const range = fc.oneof(
  fc.tuple(part, fc.nat(32)).map(([value, prefix]) => ({
    text: `${v4Text(masked(value, prefix, 32))}/${prefix}`,
    address: `::ffff:${v4Text(value)}`,
    prefix: prefix + 96,
  })),
  fc.tuple(v6Address, fc.nat(128)).map(([value, prefix]) => ({
    text: `${v6Text(masked(value, prefix, 128))}/${prefix}`,
    address: v6Text(value),
    prefix,
  })),
);
const address = fc.oneof(
  part.map(v4Text),
  v6Address.map(v6Text),
  part.map((value) => `::ffff:${v4Text(value)}`),
);

function isListed(list: Pick<AddressList, 'has'>, text: string): boolean {
  const isV4 = readWords(text, words);
  return list.has(isV4, words);
}

describe('the words of an address', () => {
  it('are those of its bytes, in every spelling', () => {
    const spelling = fc.oneof(
      fc.ipV6(),
      address,
      fc.ipV4(),
      fc.ipV6().map((text) => text.toUpperCase()),
    );
    fc.assert(
      fc.property(spelling, (text) => {
        const isV4 = readWords(text, words);
        const bytes = addressBytes(text);
        const expected = [0, 4, 8, 12].map((at) => bytes.readUInt32BE(at));
        const isMapped = bytes.toString('hex').startsWith('00000000000000000000ffff');
        expect([isV4, ...words.subarray(isV4 ? 3 : 0)]).toEqual([isMapped, ...expected.slice(isMapped ? 3 : 0)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('ranges', () => {
  it('contain exactly the addresses with their prefixes, and survive being written as a list', () => {
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 20 }),
        fc.array(address, { minLength: 20, maxLength: 20 }),
        (list, asked) => {
          const collector = createRangeCollector();
          expect(list.map(({ text }) => collector.add(text)).filter((problem) => problem !== undefined)).toEqual([]);
          const ranges = collector.ranges();
          const again = createRangeCollector();
          for (const text of rangeTexts(ranges)) again.add(text);
          expect(again.ranges()).toEqual(ranges);
          const starts = list.map(({ address: start, prefix }) => ({
            prefix,
            start: masked(numberOf(start), prefix, 128),
          }));
          const wrong = [...asked, ...list.map(({ address: within }) => within)].filter((text) => {
            const isV4 = readWords(text, words);
            const number = numberOf(text);
            // A range of IPv6 that is wider than all of IPv4 has no IPv4 addresses.
            const isIn = starts.some(
              ({ start, prefix }) => (!isV4 || prefix >= 96) && masked(number, prefix, 128) === start,
            );
            return contains(ranges, isV4, words) !== isIn;
          });
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

let files = 0;
function fileOf(text: string): string {
  const path = join(folder, `${files++}.txt`);
  writeFileSync(path, text);
  return path;
}

const LIMITS = { maxBytes: 10_000, maxRanges: 3 };

describe('a file of ranges', () => {
  it('may have comments, empty lines, any order and any line ends', () => {
    const plain = readList(fileOf('10.0.0.0/8\n2001:db8::/32\n'), LIMITS);
    const other = '# data centers\r\n\r\n 2001:DB8:0::/32 # one\r\n::ffff:10.0.0.0/104\r\n10.1.0.0/16\t#two';
    expect(readList(fileOf(other), LIMITS)).toEqual(plain);
    expect(plain).toMatchObject({ count: 2, hash: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(readList(fileOf('10.0.0.0/8\n2001:db8::/33\n'), LIMITS).hash).not.toBe(plain.hash);
  });

  it.each([
    ['10.0.0.0/33', 'has a prefix length that is not 0 to 32'],
    ['10.0.0.0/', 'has a prefix length that is not 0 to 32'],
    ['10.0.0.0/08', 'has a prefix length that is not 0 to 32'],
    ['10.0.0.0/-1', 'has a prefix length that is not 0 to 32'],
    ['2001:db8::/129', 'has a prefix length that is not 0 to 128'],
    ['10.0.0.1/8', 'has bits after its prefix; write the first address of the range, or the address alone'],
    ['2001:db8::1/127', 'has bits after its prefix; write the first address of the range, or the address alone'],
    ['10.0.0', 'is neither an address nor a range (CIDR)'],
    ['fe80::1%eth0', 'is neither an address nor a range (CIDR)'],
    ['10.0.0.1 10.0.0.2', 'is neither an address nor a range (CIDR)'],
    ['<!DOCTYPE html>', 'is neither an address nor a range (CIDR)'],
  ])('names the line of %s', (line, reason) => {
    const path = fileOf(`# list\n10.0.0.0/8\n${line}\n`);
    expect(() => readList(path, LIMITS)).toThrow(new Error(`line 3: ${JSON.stringify(line)} ${reason}`));
  });

  it('of any text is read, or refused with its line', () => {
    const hostile = fc.oneof(
      fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.string({ maxLength: 5 })).map(([start, end]) => `${start}/${end}`),
      fc.string({ unit: fc.constantFrom(...'0129af:./#% '), maxLength: 50 }),
    );
    fc.assert(
      fc.property(hostile, (line) => {
        const collector = createRangeCollector();
        const problem = collector.add(line);
        expect([collector.count(), typeof problem]).toEqual(problem === undefined ? [1, 'undefined'] : [0, 'string']);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused beyond its limits, and read up to them', () => {
    const three = '10.0.0.1\n10.0.0.2\n10.0.0.3\n';
    expect(readList(fileOf(three), { ...LIMITS, maxBytes: three.length }).count).toBe(3);
    expect(() => readList(fileOf(`${three}10.0.0.4`), LIMITS)).toThrow('line 4: the list has more than 3 ranges');
    const short = { ...LIMITS, maxBytes: three.length - 1 };
    expect(() => readList(fileOf(three), short)).toThrow(`the file has more than ${three.length - 1} bytes`);
    // A line that is longer than a chunk is one line.
    const long = `10.0.0.1 ${'x'.repeat(200_000)}`;
    const wide = { maxBytes: 1_000_000, maxRanges: 100_000 };
    expect(() => readList(fileOf(`10.0.0.0\n${long}\n`), wide)).toThrow(/^line 2: "10\.0\.0\.1 x{51}" is neither/);
    const many = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
    expect(readList(fileOf(many.join('\n')), wide).count).toBe(10_000);
  });
});

async function open(path: string) {
  const log = logLines();
  const metrics = createMetrics('test');
  const conditions = createConditions(metrics, log.logger);
  let replaced = 0;
  const list = await openAddressList({
    variable: 'IVT_DENY_FILE',
    path,
    limits: LIMITS,
    logger: log.logger,
    condition: conditions.declare('deny_list_unusable'),
    metrics: createListMetrics(metrics.registry)('deny'),
    onReplaced: () => {
      replaced += 1;
    },
  });
  return {
    list,
    /** A change is loaded at the second check, as the file may still be written at the first. */
    async settle() {
      await list.check();
      await list.check();
    },
    replaced: () => replaced,
    condition: () => conditions.active().deny_list_unusable,
    lines: () => log.lines.map(({ fields: { event, reason } }) => (reason === undefined ? event : [event, reason])),
    async gauge(name: string) {
      const text = await metrics.registry.getSingleMetricAsString(`ivt_list_${name}`);
      return Number(/^ivt_list_\w+\{[^}]*list="deny"[^}]*\} (\S+)$/m.exec(text)?.[1]);
    },
  };
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('a list in memory', () => {
  it('follows its file, and stays when the file becomes wrong', async () => {
    const path = fileOf('203.0.113.0/24\n');
    const { list, settle, replaced, condition, lines, gauge } = await open(path);
    expect([isListed(list, '203.0.113.9'), isListed(list, '198.51.100.9')]).toEqual([true, false]);
    const { hash } = list;
    const before = hash();
    await settle();
    expect([replaced(), condition(), lines()]).toEqual([0, undefined, ['address_list.loaded']]);

    replace(path, '203.0.113.0/24\n198.51.100.0/33\n');
    await settle();
    await settle();
    expect([isListed(list, '203.0.113.9'), hash(), replaced()]).toEqual([true, before, 0]);
    expect(condition()).toContain(
      'line 2: "198.51.100.0/33" has a prefix length that is not 0 to 32; the list that was',
    );
    expect(lines().filter((line) => Array.isArray(line))).toEqual([
      ['address_list.refused', 'line 2: "198.51.100.0/33" has a prefix length that is not 0 to 32'],
    ]);
    expect(await gauge('current')).toBe(0);

    rmSync(path);
    await settle();
    expect(condition()).toContain('ENOENT');
    replace(path, '198.51.100.0/24\n2001:db8::/32\n');
    await list.check();
    expect(isListed(list, '198.51.100.9')).toBe(false);
    await list.check();
    expect([isListed(list, '203.0.113.9'), isListed(list, '198.51.100.9')]).toEqual([false, true]);
    expect([condition(), replaced(), hash() === before]).toEqual([undefined, 1, false]);
    expect([await gauge('current'), await gauge('ranges')]).toEqual([1, 2]);
    expect(await gauge('age_seconds')).toBeLessThan(60);
  });

  it('follows the links of a ConfigMap, which Kubernetes replaces', async () => {
    const volume = join(folder, 'volume');
    for (const [version, text] of Object.entries({ one: '203.0.113.0/24', two: '198.51.100.0/24' })) {
      mkdirSync(join(volume, version), { recursive: true });
      writeFileSync(join(volume, version, 'deny.txt'), text);
    }
    symlinkSync('one', join(volume, 'data'));
    symlinkSync('data/deny.txt', join(volume, 'deny.txt'));
    const { list, settle } = await open(join(volume, 'deny.txt'));
    symlinkSync('two', join(volume, 'data.new'));
    renameSync(join(volume, 'data.new'), join(volume, 'data'));
    await settle();
    expect([isListed(list, '203.0.113.9'), isListed(list, '198.51.100.9')]).toEqual([false, true]);
  });

  it.each([
    ['a wrong line', () => fileOf('10.0.0.256\n'), 'line 1: "10.0.0.256" is neither an address nor a range (CIDR)'],
    ['no file', () => join(folder, 'nowhere'), 'ENOENT'],
    ['a folder', () => folder, 'is not a file'],
  ])('is not opened with %s', async (_, make, reason) => {
    const path = make();
    const error: unknown = await open(path).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(`IVT_DENY_FILE: ${path}: `);
    expect(String(error)).toContain(reason);
  });
});
