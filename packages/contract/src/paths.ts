import { ENDPOINT_KINDS, type EndpointKind, perEndpointKind } from '@ads/models';

/** Every path of the API answers with and without this prefix. */
export const API_PREFIX = '/api/v1';

/** A service behind the gateway. */
export type ApiService = 'ingest' | 'analytics';

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
}

/** The endpoints of the API, except {@link EVENT_ENDPOINTS}. */
export const ENDPOINTS = {
  ads: { method: 'GET', path: '/ads', service: 'ingest', isPublic: true },
  createAd: { method: 'POST', path: '/ads', service: 'ingest', isPublic: true },
  ad: { method: 'GET', path: '/ads/{ad_id}', service: 'ingest', isPublic: true },
  changeAd: { method: 'PATCH', path: '/ads/{ad_id}', service: 'ingest', isPublic: true },
  archiveAd: { method: 'DELETE', path: '/ads/{ad_id}', service: 'ingest', isPublic: true },
  adHistory: { method: 'GET', path: '/ads/{ad_id}/history', service: 'ingest', isPublic: true },
  importAds: { method: 'POST', path: '/ads/import', service: 'ingest', isPublic: true },
  events: { method: 'POST', path: '/ads/events', service: 'ingest', isPublic: true },
  analytics: { method: 'GET', path: '/ads/analytics', service: 'analytics', isPublic: true },
  liveAnalytics: { method: 'GET', path: '/ads/analytics/live', service: 'analytics', isPublic: true },
  playTime: { method: 'GET', path: '/ads/analytics/play-time', service: 'analytics', isPublic: true },
  report: { method: 'GET', path: '/ads/analytics/report', service: 'analytics', isPublic: true },
  storedEvents: { method: 'GET', path: '/ads/analytics/events', service: 'analytics', isPublic: true },

  /** Redirects to the page. The files of the page are below this path. */
  swagger: { method: 'GET', path: '/swagger', service: 'ingest', isPublic: true },
  swaggerPage: { method: 'GET', path: '/swagger/index.html', service: 'ingest', isPublic: true },
  openApiJson: { method: 'GET', path: '/swagger/doc.json', service: 'ingest', isPublic: true },
  openApiYaml: { method: 'GET', path: '/swagger/swagger.yaml', service: 'ingest', isPublic: true },

  /** Through a gateway, ingest answers. */
  health: { method: 'GET', path: '/health', service: 'each', isPublic: true },
  live: { method: 'GET', path: '/live', service: 'each', isPublic: false },
  ready: { method: 'GET', path: '/ready', service: 'each', isPublic: false },
  metrics: { method: 'GET', path: '/metrics', service: 'each', isPublic: false },
  info: { method: 'GET', path: '/info', service: 'each', isPublic: true },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** `POST /ads/<kind>` */
export const EVENT_ENDPOINTS: Readonly<Record<EndpointKind, Endpoint>> = perEndpointKind((kind) => ({
  method: 'POST',
  path: `${ENDPOINTS.ads.path}/${kind}`,
  service: 'ingest',
  isPublic: true,
}));

export const ALL_ENDPOINTS: readonly Endpoint[] = [
  ...Object.values(ENDPOINTS),
  ...ENDPOINT_KINDS.map((kind) => EVENT_ENDPOINTS[kind]),
];

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
