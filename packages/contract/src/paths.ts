import { ENDPOINT_KINDS, type EndpointKind, perEndpointKind } from '@ads/models';

/** Every path of the API answers with and without this prefix. */
export const API_PREFIX = '/api/v1';

/** A service behind the gateway. */
export type ApiService = 'ingest' | 'analytics';

/**
 * The callers that may send requests to an endpoint:
 * - `everybody`: no key is needed
 * - `events`: with `EVENTS_ACCESS=key`, keys with the scope `events`
 * - `catalogue`: with `READ_ACCESS=key`, keys with the scope `read` or `manage`
 * - `read`: with `READ_ACCESS=key`, keys with the scope `read`
 * - `manage`: keys with the scope `manage`
 * - `share`: the secret of a share
 * - `admin`: only `ADMIN_API_KEY`, which may send all other requests too
 */
export type EndpointAccess = 'everybody' | 'events' | 'catalogue' | 'read' | 'manage' | 'share' | 'admin';

/** One row of {@link ENDPOINTS}. */
export interface Endpoint {
  /** `GET` includes HEAD. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Without the prefix; a parameter is in braces, as in OpenAPI. */
  readonly path: string;
  /** The service that answers. Each service answers for itself on the management endpoints. */
  readonly service: ApiService | 'each';
  /** False for paths that operators request directly from a service. Gateways and Ingresses answer them with 404. */
  readonly isPublic: boolean;
  readonly access: EndpointAccess;
  /** True if its requests contain events. The objective of ingest is about these requests. */
  readonly takesEvents?: true;
  /** True if a share opens it for its ad or campaign. The handler must apply the limits of the caller. */
  readonly isShared?: true;
}

/** The endpoints of the API, except {@link EVENT_ENDPOINTS}. */
export const ENDPOINTS = {
  ads: { method: 'GET', path: '/ads', service: 'ingest', isPublic: true, access: 'catalogue' },
  createAd: { method: 'POST', path: '/ads', service: 'ingest', isPublic: true, access: 'manage' },
  ad: {
    method: 'GET',
    path: '/ads/{ad_id}',
    service: 'ingest',
    isPublic: true,
    access: 'catalogue',
    isShared: true,
  },
  changeAd: { method: 'PATCH', path: '/ads/{ad_id}', service: 'ingest', isPublic: true, access: 'manage' },
  archiveAd: { method: 'DELETE', path: '/ads/{ad_id}', service: 'ingest', isPublic: true, access: 'manage' },
  adHistory: { method: 'GET', path: '/ads/{ad_id}/history', service: 'ingest', isPublic: true, access: 'manage' },
  adTags: { method: 'GET', path: '/ads/{ad_id}/tags', service: 'ingest', isPublic: true, access: 'manage' },
  importAds: { method: 'POST', path: '/ads/import', service: 'ingest', isPublic: true, access: 'manage' },
  events: {
    method: 'POST',
    path: '/ads/events',
    service: 'ingest',
    isPublic: true,
    access: 'events',
    takesEvents: true,
  },
  rejectedEvents: {
    method: 'GET',
    path: '/ads/events/rejected',
    service: 'ingest',
    isPublic: true,
    access: 'catalogue',
  },
  createKey: { method: 'POST', path: '/keys', service: 'ingest', isPublic: true, access: 'admin' },
  keys: { method: 'GET', path: '/keys', service: 'ingest', isPublic: true, access: 'admin' },
  deleteKey: { method: 'DELETE', path: '/keys/{key_id}', service: 'ingest', isPublic: true, access: 'admin' },
  createShare: { method: 'POST', path: '/shares', service: 'ingest', isPublic: true, access: 'manage' },
  shares: { method: 'GET', path: '/shares', service: 'ingest', isPublic: true, access: 'manage' },
  /** The share of the request. */
  currentShare: {
    method: 'GET',
    path: '/shares/current',
    service: 'ingest',
    isPublic: true,
    access: 'share',
    isShared: true,
  },
  deleteShare: { method: 'DELETE', path: '/shares/{share_id}', service: 'ingest', isPublic: true, access: 'manage' },
  /** The browser snippet of packages/player: for a script element, for imports, and under a path that names its content. */
  player: { method: 'GET', path: '/player.js', service: 'ingest', isPublic: true, access: 'everybody' },
  playerModule: { method: 'GET', path: '/player.mjs', service: 'ingest', isPublic: true, access: 'everybody' },
  playerVersion: { method: 'GET', path: '/player/{file}', service: 'ingest', isPublic: true, access: 'everybody' },

  analytics: { method: 'GET', path: '/ads/analytics', service: 'analytics', isPublic: true, access: 'read' },
  liveAnalytics: { method: 'GET', path: '/ads/analytics/live', service: 'analytics', isPublic: true, access: 'read' },
  playTime: {
    method: 'GET',
    path: '/ads/analytics/play-time',
    service: 'analytics',
    isPublic: true,
    access: 'read',
    isShared: true,
  },
  report: {
    method: 'GET',
    path: '/ads/analytics/report',
    service: 'analytics',
    isPublic: true,
    access: 'read',
    isShared: true,
  },
  quality: {
    method: 'GET',
    path: '/ads/analytics/quality',
    service: 'analytics',
    isPublic: true,
    access: 'read',
    isShared: true,
  },
  storedEvents: {
    method: 'GET',
    path: '/ads/analytics/events',
    service: 'analytics',
    isPublic: true,
    access: 'manage',
  },

  /** Tracking pixels. Players cannot send a key with them. */
  pixel: {
    method: 'GET',
    path: '/t/{event}',
    service: 'ingest',
    isPublic: true,
    access: 'everybody',
    takesEvents: true,
  },
  pixelBeacon: {
    method: 'POST',
    path: '/t/{event}',
    service: 'ingest',
    isPublic: true,
    access: 'everybody',
    takesEvents: true,
  },
  vast: { method: 'GET', path: '/vast/{ad_id}', service: 'ingest', isPublic: true, access: 'everybody' },

  /** Links that people click. */
  clickThrough: {
    method: 'GET',
    path: '/c/{ad_id}',
    service: 'ingest',
    isPublic: true,
    access: 'everybody',
    takesEvents: true,
  },

  /** Redirects to the page. The files of the page are below this path. */
  swagger: { method: 'GET', path: '/swagger', service: 'ingest', isPublic: true, access: 'everybody' },
  swaggerPage: { method: 'GET', path: '/swagger/index.html', service: 'ingest', isPublic: true, access: 'everybody' },
  openApiJson: { method: 'GET', path: '/swagger/doc.json', service: 'ingest', isPublic: true, access: 'everybody' },
  openApiYaml: { method: 'GET', path: '/swagger/swagger.yaml', service: 'ingest', isPublic: true, access: 'everybody' },
  /** Redirects to the page. */
  docs: { method: 'GET', path: '/docs', service: 'ingest', isPublic: true, access: 'everybody' },
  /** Redirects to the document. */
  openApi: { method: 'GET', path: '/openapi.json', service: 'ingest', isPublic: true, access: 'everybody' },

  /** Redirects browsers to the dashboard; other clients get 404. */
  home: { method: 'GET', path: '/', service: 'analytics', isPublic: true, access: 'everybody' },
  /** The page for people. Its views and files are below this path. */
  dashboard: { method: 'GET', path: '/dashboard', service: 'analytics', isPublic: true, access: 'everybody' },

  /** Through a gateway, ingest answers. */
  health: { method: 'GET', path: '/health', service: 'each', isPublic: true, access: 'everybody' },
  live: { method: 'GET', path: '/live', service: 'each', isPublic: false, access: 'everybody' },
  ready: { method: 'GET', path: '/ready', service: 'each', isPublic: false, access: 'everybody' },
  metrics: { method: 'GET', path: '/metrics', service: 'each', isPublic: false, access: 'everybody' },
  info: { method: 'GET', path: '/info', service: 'each', isPublic: true, access: 'everybody' },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** `POST /ads/<kind>` */
export const EVENT_ENDPOINTS: Readonly<Record<EndpointKind, Endpoint>> = perEndpointKind((kind) => ({
  method: 'POST',
  path: `${ENDPOINTS.ads.path}/${kind}`,
  service: 'ingest',
  isPublic: true,
  access: 'events',
  takesEvents: true,
}));

export const ALL_ENDPOINTS: readonly Endpoint[] = [
  ...Object.values(ENDPOINTS),
  ...ENDPOINT_KINDS.map((kind) => EVENT_ENDPOINTS[kind]),
];

/** The endpoint with this method, in any letter case, and this path, with or without the prefix. */
export function endpointOf(method: string, path: string): Endpoint | undefined {
  const bare = barePath(path);
  return ALL_ENDPOINTS.find((one) => one.method.toLowerCase() === method.toLowerCase() && one.path === bare);
}

/** The management endpoints, which each service has. */
export const MANAGEMENT_PATHS = Object.values(ENDPOINTS).flatMap(({ service, path }) =>
  service === 'each' ? [path] : [],
);

export function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [`${API_PREFIX}${path}`, path]);
}

/** The path of a request target, without prefix and query. */
export function barePath(target: string): string {
  const [path = ''] = target.split('?', 1);
  return path.startsWith(`${API_PREFIX}/`) ? path.slice(API_PREFIX.length) : path;
}

/** The query of a request target, without the question mark; empty if it has none. */
export function queryOf(target: string): string {
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
}
