export { listen } from '@ads/runtime';
export {
  type Access,
  ANYONE,
  type Caller,
  callerOf,
  createAccess,
  isShared,
  type KeyCheck,
  type SharedAds,
  toExpress,
} from './access.js';
export * from './api.js';
export type { TextBody } from './body-formats.js';
export { clientKey } from './client-key.js';
export { connectionOwner } from './connection-owner.js';
export { deviceAddress, deviceUserAgent, userAgentOf } from './device-headers.js';
export { isFor, isKnown, revalidated, weakTag } from './etag.js';
export { readBody } from './express-body.js';
export type { FastPath, FastPathHandler } from './fast-path.js';
export { linesOf, setHeaders } from './head.js';
export { isMarkedInvalid } from './invalid-traffic-header.js';
export { beginStream, labelled } from './observe.js';
export * from './request-body.js';
export type { RequestContext } from './request-context.js';
export type { Answer, Content } from './response.js';
export type { TagRoute, TagTarget } from './tag-routes.js';
