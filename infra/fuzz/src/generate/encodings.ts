import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { post } from './bodies.js';
import { oneOf } from './choices.js';
import { validEvent } from './events.js';

/** Generates invalid UTF-8, in hexadecimal. */
const wrongBytes = fc.oneof(
  oneOf`c080 e08080 f0808080 c1bf`, // overlong
  oneOf`eda080 edbfbf eda0bdedb880`, // surrogates
  oneOf`ff fe 80 c3 e282 f4908080 f8888080 fffe 00`,
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
  oneOf`application/json text/plain ${'application/json; charset=utf-8'} ${'application/json; charset=utf-16'}`.map(
    (type) => ({ 'Content-Type': type }),
  ),
);

/** Functions that compress a body, correctly or not. `at` determines the place of an error. */
const COMPRESSIONS: readonly ((body: string, at: number) => Uint8Array)[] = [
  (body) => gzipSync(body),
  (body) => deflateSync(body),
  (body) => deflateRawSync(body),
  (body) => brotliCompressSync(body),
  (body) => Buffer.from(body),
  (body) => Buffer.concat([gzipSync(body), Buffer.from('more')]),
  (body, at) => gzipSync(body).subarray(0, at % gzipSync(body).length),
  (body, at) => gzipSync(body).map((byte, index, { length }) => (index === at % length ? byte ^ 0x55 : byte)),
];

const encoding = oneOf`gzip GZIP x-gzip deflate br identity zstd ${'gzip, gzip'} ${''} __proto__ gzip;q=1`;

/** Generates a body and its Content-Encoding, which may contradict each other. */
export const compressedBodies = post(
  'compressed',
  fc
    .tuple(validEvent, fc.constantFrom(...COMPRESSIONS), fc.nat())
    .map(([{ body }, compress, at]) => Buffer.from(compress(body, at))),
  encoding.map((name) => ({ 'Content-Type': 'application/json', 'Content-Encoding': name })),
);
