import type { IncomingMessage } from 'node:http';
import { ApiError, payloadTooLarge, unavailable, unsupportedEncoding } from '@ads/contract';
import type { RequestHead, WholeRequest } from '@ads/runtime';
import { type Done, jsonParserFor, linesParserFor, type Parser, parserFor, textParserFor } from './body-formats.js';
import { createDecompressors } from './decompress.js';

export const DEFAULT_BODY_LIMIT = 16_384;

/** The sender of a request. */
export interface Client {
  /** The key of `clientKey`. */
  clientKey(): string;
}

/** Reads the body of a request. Never calls `done` if the client disconnects before the end of the body. */
export type BodyReader = (request: IncomingMessage | WholeRequest, client: Client, done: Done) => void;

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
  const numbers = new Set(numericFields);
  return createReader((request) => parserFor(request, numbers), limitBytes);
}

/** Reads JSON alone, for requests that no browser sends across origins without a preflight. */
export function jsonReader({ limitBytes = DEFAULT_BODY_LIMIT }: Pick<BodyReaderOptions, 'limitBytes'>): BodyReader {
  return createReader(jsonParserFor, limitBytes);
}

/** Reads a text as `TextBody`. @param formats the format of each accepted content type */
export function textReader<Format>(
  formats: ReadonlyMap<string, Format>,
  { limitBytes }: { readonly limitBytes: number },
): BodyReader {
  return createReader((request) => textParserFor(request, formats), limitBytes);
}

/**
 * Ignores the body of a request. The answer does not wait for it: the rest is dropped as it arrives, and takes no memory.
 *
 * @throws ApiError 413 for a body that is announced as longer than the default limit
 */
export function ignoreBody({ headers }: RequestHead): void {
  if (Number(headers['content-length'] ?? 0) > DEFAULT_BODY_LIMIT) throw payloadTooLarge(DEFAULT_BODY_LIMIT);
}

export interface BatchReaderOptions {
  /** Maximum size of a body, and of a compressed body both before and after decompression. */
  readonly limitBytes: number;
  /** Maximum size of all bodies that are being read at a time. Further ones are answered with 503. */
  readonly heldBytes: number;
}

/** A large body that was read. */
export interface BatchBody {
  /** The JSON value, or an array with the value of each line of NDJSON. */
  readonly value: unknown;
  /** Size after decompression. */
  readonly bytes: number;
}

/** Reads large bodies as {@link BatchBody}; undefined for an empty body. Limits the memory of all of them together. */
export function batchReader({ limitBytes, heldBytes }: BatchReaderOptions): BodyReader {
  const parserOf = (request: RequestHead) => {
    const parse = linesParserFor(request);
    if (parse instanceof ApiError) return parse;
    return (bytes: Buffer, done: Done) =>
      parse(bytes, (error, value) => done(error, { value, bytes: bytes.length } satisfies BatchBody));
  };
  return createReader(parserOf, limitBytes, new HeldBytes(heldBytes));
}

function createReader(
  parserOf: (request: RequestHead) => Parser | ApiError,
  limitBytes: number,
  held?: HeldBytes,
): BodyReader {
  const decompressors = createDecompressors(limitBytes);
  return (request, client, done) => {
    const { headers } = request;
    const length = Number(headers['content-length'] ?? 0);
    if (length === 0 && headers['transfer-encoding'] === undefined) {
      done(undefined);
      return;
    }
    const parse = parserOf(request);
    if (parse instanceof ApiError) {
      done(parse);
      return;
    }
    const encoding = headers['content-encoding']?.toLowerCase() || 'identity';
    const decompress = encoding === 'identity' ? undefined : decompressors.get(encoding);
    if (decompress === undefined && encoding !== 'identity') done(unsupportedEncoding());
    else if (length > limitBytes) done(payloadTooLarge(limitBytes));
    else {
      const take: Take = (error, bytes) => {
        if (bytes === undefined) done(error);
        else if (decompress === undefined) parse(bytes, done);
        else {
          const release = held?.hold(bytes.length);
          decompress(bytes, client.clientKey())
            .then((whole) => parse(whole, done), done)
            .finally(release);
        }
      };
      if ('takeBytes' in request) take(undefined, request.takeBytes());
      else readBytes(request, length, { limitBytes, held }, take);
    }
  };
}

/** The bytes of bodies that are in memory and not yet parsed. */
class HeldBytes {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#bytes > this.#limit;
  }

  /** @returns the function that releases the bytes, to be called once */
  hold(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }
}

/** Called once: with an error, or with the bytes of the body. */
type Take = (error: unknown, bytes?: Buffer) => void;

/** @param length of the body; 0 for an unknown length (chunked) */
function readBytes(
  request: IncomingMessage,
  length: number,
  { limitBytes, held }: { readonly limitBytes: number; readonly held: HeldBytes | undefined },
  take: Take,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let refused = false;
  let release: (() => void)[] = [];
  const drop = () => {
    // The request outlives its body.
    chunks = [];
    for (const one of release) one();
    release = [];
  };
  const refuse = (error: ApiError) => {
    // The rest is received and dropped, so that the connection stays usable.
    refused = true;
    drop();
    take(error);
  };
  const finish = () => {
    const [first] = chunks;
    const whole = chunks.length === 1 ? first : Buffer.concat(chunks);
    drop();
    take(undefined, whole ?? EMPTY);
  };
  request.on('data', (chunk: Buffer) => {
    if (refused) return;
    bytes += chunk.length;
    chunks.push(chunk);
    if (held !== undefined) release.push(held.hold(chunk.length));
    if (bytes > limitBytes) refuse(payloadTooLarge(limitBytes));
    else if (held?.isFull) refuse(unavailable('Too many large bodies are being received; send the request again.'));
    // Most bodies are complete with the first chunk, before the `end` event.
    else if (bytes === length) finish();
  });
  // A client that disconnects sends no `end`.
  if (held !== undefined) request.on('close', drop);
  if (length === 0) {
    request.on('end', () => {
      if (!refused) finish();
    });
  }
}

const EMPTY = Buffer.alloc(0);
