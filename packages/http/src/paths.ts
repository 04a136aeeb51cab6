import express, { type Router } from 'express';

/** Every path of the API answers with and without this prefix. */
export const API_PREFIX = '/api/v1';

export function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [`${API_PREFIX}${path}`, path]);
}

/** A case-sensitive router, like the gateways and Ingresses in front of it. */
export function createRouter(): Router {
  return express.Router({ caseSensitive: true });
}
