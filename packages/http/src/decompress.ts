import { promisify } from 'node:util';
import { gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { CONTENT_ENCODINGS, invalidRequest, payloadTooLarge, unavailable } from '@ads/contract';
import { createTurns } from '@ads/runtime';

/**
 * Returns the decompressed bytes. Rejects with ApiError 400 for invalid bytes, 413 above the limit, 503 when too many wait. Clients
 * take turns.
 */
export type Decompressor = (bytes: Buffer, client: string) => Promise<Buffer>;

/**
 * Maximum number of compressed bodies that wait. A body of 16 KiB takes up to 2 ms, so the last one waits up to 0.13 s for the
 * others of this client.
 */
const WAITING = { inAll: 1_000, perClient: 64 };

const LIBRARY: Readonly<Record<(typeof CONTENT_ENCODINGS)[number], typeof gunzip>> = { gzip: gunzip, deflate: inflate };

/**
 * Returns the decompressor of each accepted `Content-Encoding`. All of them together use one thread of the thread pool at a
 * time, because host names and files need the others.
 *
 * @param limitBytes maximum size after decompression. The caller limits the compressed size: 1 MB of empty gzip blocks takes
 * 0.12 s of CPU and decompresses to nothing
 */
export function createDecompressors(limitBytes: number): ReadonlyMap<string, Decompressor> {
  const inTurn = createTurns(WAITING, () =>
    unavailable('Too many compressed bodies are waiting; retry later, or send the body uncompressed.'),
  );
  return new Map(
    CONTENT_ENCODINGS.map((encoding) => {
      const decompress = promisify<Buffer, ZlibOptions, Buffer>(LIBRARY[encoding]);
      return [
        encoding,
        (bytes, client) =>
          inTurn(client, () =>
            decompress(bytes, { maxOutputLength: limitBytes }).catch((error: NodeJS.ErrnoException) => {
              if (error.code === 'ERR_BUFFER_TOO_LARGE') throw payloadTooLarge(limitBytes);
              throw invalidRequest('The body cannot be decompressed; check Content-Encoding.');
            }),
          ),
      ];
    }),
  );
}
