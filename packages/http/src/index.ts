export { listen } from '@ads/runtime';
export * from './api.js';
export { clientKey } from './client-key.js';
export { connectionOwner } from './connection-owner.js';
export type { FastPath, FastPathHandler, RequestContext } from './fast-path.js';
export { labelled } from './observe.js';
export * from './request-body.js';
export { type Answer, NOT_STORED } from './response.js';
