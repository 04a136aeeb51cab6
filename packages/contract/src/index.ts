export * from './ads-query.js';
export * from './analytics-query.js';
export * from './errors.js';
export * from './management.js';
export * from './openapi/document.js';
export * from './own-text.js';
export * from './paths.js';
export * from './responses.js';
