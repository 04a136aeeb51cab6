import { createHash, timingSafeEqual } from 'node:crypto';
import { keysDisabled, unauthorized } from '@ads/contract';
import type { KeyConfig } from '@ads/runtime';
import type { RequestHandler } from 'express';

/** The scheme is case-insensitive: RFC 9110, 11.1. */
const BEARER = /^Bearer +([!-~]+) *$/i;

/**
 * Returns middleware that lets only requests with the key pass: `Authorization: Bearer KEY`. Other requests get 401, or 403 if
 * the service has no key. The time of the comparison depends on neither key, because it compares digests of equal length. A
 * failed attempt costs some microseconds and counts in the rate limit, which comes first.
 */
export function requireKey({ ADMIN_API_KEY }: KeyConfig): RequestHandler {
  const expected = ADMIN_API_KEY === undefined ? undefined : digestOf(ADMIN_API_KEY);
  return ({ headers: { authorization = '' } }, _response, next) => {
    if (expected === undefined) throw keysDisabled();
    const [, key] = BEARER.exec(authorization) ?? [];
    if (key === undefined) throw unauthorized(false);
    if (!timingSafeEqual(digestOf(key), expected)) throw unauthorized(true);
    next();
  };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
