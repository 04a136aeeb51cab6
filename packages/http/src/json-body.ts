import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { notJson, payloadTooLarge, unsupportedMediaType } from './errors.js';

export const DEFAULT_BODY_LIMIT = 16_384;

/** Told the body once: the JSON object or array; undefined where there is no body; or why there is none to be had. */
type Done = (error: unknown, body?: unknown) => void;

/** Reads the body of a request. A caller that goes away before its end is never told of. */
export type BodyReader = (request: IncomingMessage, response: ServerResponse, done: Done) => void;

/**
 * Reads JSON bodies. Besides JSON types it takes `text/plain` that holds JSON: `navigator.sendBeacon` sends that, as it
 * needs no preflight. Other types, and a body without a type, are 415. The limit counts bytes after decompression.
 *
 * What is not compressed is read here: Express's way takes twice as long.
 */
export function jsonBodyReader(limitBytes = DEFAULT_BODY_LIMIT): BodyReader {
  const readCompressed = compressedReader(limitBytes);
  return (request, response, done) => {
    const { headers } = request;
    const length = Number(headers['content-length'] ?? 0);
    const hasBody = length > 0 || headers['transfer-encoding'] !== undefined;
    const refusal = hasBody ? refuseType(headers['content-type']) : undefined;
    const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (!hasBody) done(undefined);
    else if (refusal !== undefined) done(unsupportedMediaType(refusal));
    else if (encoding !== 'identity') readCompressed(request, response, done);
    else if (length > limitBytes) done(payloadTooLarge(limitBytes));
    else readPlain(request, length, limitBytes, done);
  };
}

/** @param length of the body, 0 where it is not known before its end */
function readPlain(request: IncomingMessage, length: number, limitBytes: number, done: Done): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const finish = () => {
    const [first] = chunks;
    const whole = chunks.length === 1 ? first : Buffer.concat(chunks);
    // The request outlives its body.
    chunks = [];
    parse(whole ?? EMPTY, done);
  };
  request.on('data', (chunk: Buffer) => {
    const wasTooLarge = bytes > limitBytes;
    bytes += chunk.length;
    if (bytes > limitBytes) {
      // The rest is let pass, unread.
      chunks = [];
      if (!wasTooLarge) done(payloadTooLarge(limitBytes));
      return;
    }
    chunks.push(chunk);
    // Its last byte, as a rule with the first chunk: its end need not be waited for.
    if (bytes === length) finish();
  });
  if (length === 0) {
    request.on('end', () => {
      if (bytes <= limitBytes) finish();
    });
  }
}

const EMPTY = Buffer.alloc(0);
/** What some programs write before a text. */
const BYTE_ORDER_MARK = 0xfeff;

function parse(bytes: Buffer, done: Done): void {
  if (bytes.length === 0) {
    done(undefined);
    return;
  }
  let body: unknown;
  try {
    const text = bytes.toString('utf8');
    body = JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch {
    // Below it is told as what is no object.
  }
  if (typeof body === 'object' && body !== null) done(undefined, body);
  else done(notJson());
}

/** The way of Express, which decompresses. */
function compressedReader(limitBytes: number): BodyReader {
  const read = express.json({ limit: limitBytes, strict: true, type: () => true });
  return (request: IncomingMessage & { body?: unknown }, response, done) => {
    read(request, response, (error?: unknown) => {
      const { body } = request;
      request.body = undefined;
      done(error, body);
    });
  };
}

function refuseType(contentType: string | undefined): string | undefined {
  if (contentType === 'application/json') return undefined;
  if (contentType === undefined) return 'The body has no Content-Type; send application/json.';
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (!/^\s*(application\/([\w.!#$&^-]+\+)?json|text\/plain)\s*$/.test(type)) {
    return 'The body must be application/json, or text/plain that holds JSON.';
  }
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=', 2).map((part) => part.trim().replaceAll('"', ''));
    if (name === 'charset' && value !== 'utf-8' && value !== 'utf8') {
      return 'The body must be UTF-8.';
    }
  }
  return undefined;
}
