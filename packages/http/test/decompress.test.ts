import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createDecompressors } from '../src/decompress.js';

const LIMIT = 16_384;

function decompress(
  encoding: string,
  bytes: Uint8Array,
  decompressors = createDecompressors(LIMIT),
  client = 'client',
) {
  return decompressors.get(encoding)?.(Buffer.from(bytes), client);
}

describe('a decompressor', () => {
  it('exists for gzip and deflate only: the others fill a window before the limit counts a byte', () => {
    expect([...createDecompressors(LIMIT).keys()]).toEqual(['gzip', 'deflate']);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('returns up to the limit: %s', async (encoding, compress) => {
    const fits = Buffer.alloc(LIMIT, 'x');
    expect(await decompress(encoding, compress(fits))).toEqual(fits);
    await expect(decompress(encoding, compress(Buffer.alloc(LIMIT + 1)))).rejects.toMatchObject({ status: 413 });
    await expect(decompress(encoding, compress(Buffer.alloc(10_000_000)))).rejects.toMatchObject({ status: 413 });
  });

  it.each(['', 'not gzip', gzipSync('{"a":1}').subarray(0, 20)])('refuses invalid bytes', async (bytes) => {
    await expect(decompress('gzip', Buffer.from(bytes))).rejects.toMatchObject({ status: 400 });
  });

  it('refuses with 503 when 64 bodies of a client wait, and accepts more when they are done', async () => {
    const decompressors = createDecompressors(LIMIT);
    const send = () => decompress('gzip', gzipSync('{}'), decompressors);
    const flood = Promise.allSettled(Array.from({ length: 100 }, send));
    expect(await decompress('gzip', gzipSync('{}'), decompressors, 'another')).toEqual(Buffer.from('{}'));
    const results = await flood;
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(65).fill('fulfilled'),
      ...Array(35).fill('rejected'),
    ]);
    expect(results[65]).toMatchObject({ reason: { status: 503, headers: { 'Retry-After': '1' } } });
    expect(await send()).toEqual(Buffer.from('{}'));
  });
});
