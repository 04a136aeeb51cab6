import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, payloadTooLarge } from '@ads/contract';
import express from 'express';
import { type Done, parserFor } from './body-formats.js';

export const DEFAULT_BODY_LIMIT = 16_384;

/** Reads the body of a request. Never calls `done` if the client disconnects before the end of the body. */
export type BodyReader = (request: IncomingMessage, response: ServerResponse, done: Done) => void;

export interface BodyReaderOptions {
  /** Maximum size after decompression. */
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
 * Other types are answered with 415. Uncompressed bodies are read here, because Express takes twice as long.
 */
export function bodyReader(options: BodyReaderOptions = {}): BodyReader {
  const { limitBytes = DEFAULT_BODY_LIMIT, numericFields = [] } = options;
  const readCompressed = compressedReader(limitBytes);
  const numbers = new Set(numericFields);
  return (request, response, done) => {
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
    const take: Take = (error, bytes) => (bytes === undefined ? done(error) : parse(bytes, done));
    const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding !== 'identity') readCompressed(request, response, take);
    else if (length > limitBytes) done(payloadTooLarge(limitBytes));
    else readPlain(request, length, limitBytes, take);
  };
}

/** Called once: with an error, or with the bytes of the body. */
type Take = (error: unknown, bytes?: Buffer) => void;

/** @param length of the body; 0 for an unknown length (chunked) */
function readPlain(request: IncomingMessage, length: number, limitBytes: number, take: Take): void {
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

/** Compressed bodies are read by Express. */
function compressedReader(
  limitBytes: number,
): (request: IncomingMessage, response: ServerResponse, take: Take) => void {
  const read = express.raw({ limit: limitBytes, type: () => true });
  return (request: IncomingMessage & { body?: unknown }, response, take) => {
    read(request, response, (error?: unknown) => {
      const { body } = request;
      request.body = undefined;
      if (error === undefined) take(undefined, Buffer.isBuffer(body) ? body : EMPTY);
      else take(error);
    });
  };
}
