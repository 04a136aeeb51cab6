export { listen } from '@ads/runtime';
export * from './api.js';
export * from './errors.js';
export * from './json-body.js';
export * from './rate-limits.js';
export * from './request-id.js';
export * from './request-log.js';
