export { listen } from '@ads/runtime';
export * from './api.js';
export { clientKey } from './client-key.js';
export * from './errors.js';
export { type Answer, type FastPath, type FastPathHandler, NOT_STORED, type RequestContext } from './fast-path.js';
export { labelled } from './observe.js';
export { API_PREFIX } from './paths.js';
export * from './rate-limiter.js';
export * from './request-body.js';
