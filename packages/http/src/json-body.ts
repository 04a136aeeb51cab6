import express, { type RequestHandler } from 'express';
import { unsupportedMediaType } from './errors.js';

export const DEFAULT_BODY_LIMIT = 16_384;

/**
 * Reads a JSON body into `request.body`. Besides JSON types it takes `text/plain` that holds JSON:
 * `navigator.sendBeacon` sends that, as it needs no preflight. Other types, and a body without a
 * type, are 415. The limit counts bytes after decompression. Without a body, `request.body` stays
 * undefined.
 */
export function jsonBody({ limitBytes = DEFAULT_BODY_LIMIT } = {}): RequestHandler {
  const parse = express.json({ limit: limitBytes, strict: true, type: () => true });
  return (request, response, next) => {
    const { headers } = request;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody) return next();
    const refusal = refuseType(headers['content-type']);
    if (refusal !== undefined) return next(unsupportedMediaType(refusal));
    parse(request, response, next);
  };
}

function refuseType(contentType: string | undefined): string | undefined {
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
