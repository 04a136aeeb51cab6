import type { IncomingMessage } from 'node:http';
import { ApiError, payloadTooLarge, unsupportedEncoding } from '@ads/contract';
import { type Done, parserFor } from './body-formats.js';
import { createDecompressors } from './decompress.js';

export const DEFAULT_BODY_LIMIT = 16_384;

/** The sender of a request. */
export interface Client {
  /** The key of `clientKey`. */
  clientKey(): string;
}

/** Reads the body of a request. Never calls `done` if the client disconnects before the end of the body. */
export type BodyReader = (request: IncomingMessage, client: Client, done: Done) => void;

export interface BodyReaderOptions {
  /** Maximum size of a body, and of a compressed body both before and after decompression. */
  readonly limitBytes?: number;
  /** Form fields that are parsed as numbers. */
  readonly numericFields?: readonly string[];
}

/**
 * Reads bodies in every content type that browsers send without a preflight, so that no click is lost:
 *
 * | content type | sent by | read as |
 * |---|---|---|
 * | `application/json`, `…+json` | `fetch`, `sendBeacon` with a typed Blob | JSON |
 * | `text/plain`, `application/octet-stream`, none | `sendBeacon` with a text or an untyped Blob | JSON |
 * | `application/x-www-form-urlencoded` | `sendBeacon` with URLSearchParams, curl | fields; JSON if it begins with `{` |
 * | `multipart/form-data` | `sendBeacon` with FormData | fields |
 * | `text/ping` | `<a ping>` | the fields of the query; the body is always `PING` |
 *
 * Other types are answered with 415. Bodies are read here, because Express takes twice as long and decompresses without limit.
 */
export function bodyReader(options: BodyReaderOptions = {}): BodyReader {
  const { limitBytes = DEFAULT_BODY_LIMIT, numericFields = [] } = options;
  const decompressors = createDecompressors(limitBytes);
  const numbers = new Set(numericFields);
  return (request, client, done) => {
    const { headers } = request;
    const length = Number(headers['content-length'] ?? 0);
    if (length === 0 && headers['transfer-encoding'] === undefined) {
      done(undefined);
      return;
    }
    const parse = parserFor(request, numbers);
    if (parse instanceof ApiError) {
      done(parse);
      return;
    }
    const encoding = headers['content-encoding']?.toLowerCase() || 'identity';
    const decompress = encoding === 'identity' ? undefined : decompressors.get(encoding);
    if (decompress === undefined && encoding !== 'identity') done(unsupportedEncoding());
    else if (length > limitBytes) done(payloadTooLarge(limitBytes));
    else {
      readBytes(request, length, limitBytes, (error, bytes) => {
        if (bytes === undefined) done(error);
        else if (decompress === undefined) parse(bytes, done);
        else decompress(bytes, client.clientKey()).then((whole) => parse(whole, done), done);
      });
    }
  };
}

/** Called once: with an error, or with the bytes of the body. */
type Take = (error: unknown, bytes?: Buffer) => void;

/** @param length of the body; 0 for an unknown length (chunked) */
function readBytes(request: IncomingMessage, length: number, limitBytes: number, take: Take): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const finish = () => {
    const [first] = chunks;
    const whole = chunks.length === 1 ? first : Buffer.concat(chunks);
    // Releases the chunks: the request outlives its body.
    chunks = [];
    take(undefined, whole ?? EMPTY);
  };
  request.on('data', (chunk: Buffer) => {
    const wasTooLarge = bytes > limitBytes;
    bytes += chunk.length;
    if (bytes > limitBytes) {
      // The rest is received and dropped, so that the connection stays usable.
      chunks = [];
      if (!wasTooLarge) take(payloadTooLarge(limitBytes));
      return;
    }
    chunks.push(chunk);
    // Most bodies are complete with the first chunk, before the `end` event.
    if (bytes === length) finish();
  });
  if (length === 0) {
    request.on('end', () => {
      if (bytes <= limitBytes) finish();
    });
  }
}

const EMPTY = Buffer.alloc(0);
