import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { post } from './bodies.js';
import { validEvent } from './events.js';

/** Bytes that are invalid UTF-8. */
const wrongBytes = fc.constantFrom(
  ...['c080', 'e08080', 'f0808080', 'c1bf'], // overlong
  ...['eda080', 'edbfbf', 'eda0bdedb880'], // surrogates
  ...['ff', 'fe', '80', 'c3', 'e282', 'f4908080', 'f8888080', 'fffe', '00'],
);

const textEncodings = fc
  .tuple(
    validEvent,
    wrongBytes,
    fc.constantFrom('in a value', 'in a name', 'in front', 'behind', 'utf16', 'utf16be', 'bom'),
  )
  .map(([{ body }, hex, how]) => {
    const wrong = Buffer.from(hex, 'hex');
    const text = Buffer.from(body);
    if (how === 'in front') return Buffer.concat([wrong, text]);
    if (how === 'behind') return Buffer.concat([text, wrong]);
    if (how === 'bom') return Buffer.from(`\ufeff${body}`);
    if (how === 'utf16') return Buffer.from(`\ufeff${body}`, 'utf16le');
    if (how === 'utf16be') return Buffer.from(`\ufeff${body}`, 'utf16le').swap16();
    const extra = how === 'in a name' ? [',"', wrong, '":1}'] : [',"note":"', wrong, '"}'];
    return Buffer.concat([text.subarray(0, -1), ...extra.map((piece) => Buffer.from(piece as string))]);
  });

export const brokenEncodings = post(
  'broken encodings',
  textEncodings,
  fc
    .constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/json; charset=utf-16',
    )
    .map((type): Record<string, string> => ({ 'Content-Type': type })),
);

/** Ten megabytes of spaces compressed to ten kilobytes, once and twice. */
const BOMB = gzipSync(Buffer.alloc(10_000_000, ' '));
const BOMB_IN_BOMB = gzipSync(BOMB);
const BROTLI_BOMB = brotliCompressSync(Buffer.alloc(10_000_000, ' '));

const compressed = fc
  .tuple(
    validEvent,
    fc.constantFrom(
      'gzip',
      'deflate',
      'raw deflate',
      'br',
      'not',
      'cut',
      'tail',
      'bomb',
      'bomb in bomb',
      'br bomb',
      'changed',
    ),
    fc.constantFrom(
      'gzip',
      'GZIP',
      'x-gzip',
      'deflate',
      'br',
      'identity',
      'zstd',
      'gzip, gzip',
      '',
      '__proto__',
      'gzip;q=1',
    ),
    fc.nat(),
  )
  .map(([{ body }, how, encoding, at]) => {
    const whole = gzipSync(body);
    const place = at % whole.length;
    const bodies: Record<typeof how, () => Buffer> = {
      gzip: () => whole,
      deflate: () => deflateSync(body),
      'raw deflate': () => deflateRawSync(body),
      br: () => brotliCompressSync(body),
      not: () => Buffer.from(body),
      cut: () => whole.subarray(0, place),
      tail: () => Buffer.concat([whole, Buffer.from('more')]),
      bomb: () => BOMB,
      'bomb in bomb': () => BOMB_IN_BOMB,
      'br bomb': () => BROTLI_BOMB,
      changed: () => Buffer.from(whole.map((byte, index) => (index === place ? byte ^ 0x55 : byte))),
    };
    return { body: bodies[how](), encoding };
  });

/** A body and its Content-Encoding, which may contradict each other. */
export const compressedBodies = compressed.chain(({ body, encoding }) =>
  post(
    'compressed',
    fc.constant(body),
    fc.constant({ 'Content-Type': 'application/json', 'Content-Encoding': encoding }),
  ),
);
