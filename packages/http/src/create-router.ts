import express, { type Router } from 'express';

/** A case-sensitive router, like the gateways and Ingresses in front of it. */
export function createRouter(): Router {
  return express.Router({ caseSensitive: true });
}
