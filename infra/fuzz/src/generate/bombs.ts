import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { post } from './bodies.js';
import type { FuzzRequest } from './request.js';

/*
 * Compressed bodies that cost more than their bytes: they decompress to megabytes, fill a window of megabytes before the first
 * byte, or decompress to nothing. `bombs` has all of them, so finding a costly one does not depend on chance.
 */

/** 16 MB, which compress to 16 KB or less. */
const SPACES = Buffer.alloc(16_000_000, ' ');

/** Sizes just below the body limits of the services and of the gateway. */
const SIZES = [16_000, 1_000_000];

/** Packs bits as deflate and brotli do: the first bit is the lowest bit of the first byte. */
function packed(bits: string): Buffer {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt([...byte].reverse().join(''), 2)));
}

/**
 * Deflate blocks without content, as bits: a stored block, a block with the fixed code, and a block with a code of its own. The
 * table of that code has 256 lengths of 0 and one of 1.
 */
const EMPTY_BLOCKS = [
  `00000000${'0'.repeat(16)}${'1'.repeat(16)}`,
  '0100000000',
  `0010000000000${'0111'}000000100${'000'.repeat(14)}100${'11111111'}${'11101011'}000`,
];
const emptyBlocks = SIZES.flatMap((size) =>
  EMPTY_BLOCKS.map((bits) => packed(bits.repeat(Math.floor((size * 8) / bits.length)))),
);

const EMPTY_GZIP = gzipSync('');
const EMPTY_DEFLATE = deflateSync('');
const gzip = [
  gzipSync(SPACES),
  gzipSync(gzipSync(SPACES)),
  ...emptyBlocks.map((blocks) => Buffer.concat([EMPTY_GZIP.subarray(0, 10), blocks])),
  ...SIZES.map((size) => Buffer.alloc(size, EMPTY_GZIP)),
];
const deflate = [
  deflateSync(SPACES),
  ...emptyBlocks.map((blocks) => Buffer.concat([EMPTY_DEFLATE.subarray(0, 2), blocks])),
];

/** Sizes of the window: 2 to the power of 10, 15, 16, 17, 20 and 24. */
const BROTLI_WINDOWS = ['1000010', '1000111', '0', '1000000', '1110', '1111'];
const brotli = [
  brotliCompressSync(SPACES),
  ...BROTLI_WINDOWS.map((window) => {
    // An uncompressed block of 15 + 1 bytes, then a block with one command, which repeats a byte 16 million times.
    const start = packed(`${window}000${'1111'}${'0'.repeat(12)}1`);
    return Buffer.concat([start, Buffer.alloc(16, ' '), Buffer.from('fcffff07000224100860', 'hex')]);
  }),
];

/** Sizes of the window: 2 to the power of 10 plus these. Each block of 4 bytes repeats a byte 131,072 times. */
const zstd = [7, 10, 13, 17, 21].map((exponent) =>
  Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3]),
    Buffer.alloc(15_600, Buffer.from([0x02, 0x00, 0x10, 0x20])),
  ]),
);

/** One generator for each body. */
export const bombs: readonly fc.Arbitrary<FuzzRequest>[] = Object.entries({ br: brotli, zstd, gzip, deflate }).flatMap(
  ([encoding, bodies]) => {
    const headers = fc.constant({ 'Content-Type': 'application/json', 'Content-Encoding': encoding });
    return bodies.map((body) => post('bombs', fc.constant(body), headers));
  },
);
