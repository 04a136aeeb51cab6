export { listen } from '@ads/runtime';
export * from './api.js';
export { clientKey } from './client-key.js';
export { connectionOwner } from './connection-owner.js';
export { isKnown, weakTag } from './etag.js';
export type { FastPath, FastPathHandler, RequestContext } from './fast-path.js';
export { beginStream, labelled } from './observe.js';
export * from './request-body.js';
export type { Answer } from './response.js';
