import express, { type Router } from 'express';

/** Every path of an API answers with this before it, and without. */
export const API_PREFIX = '/api/v1';

export function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [`${API_PREFIX}${path}`, path]);
}

/** A router for which `/Ads` is not `/ads`, as it is for every gateway and Ingress in front of it. */
export function createRouter(): Router {
  return express.Router({ caseSensitive: true });
}
