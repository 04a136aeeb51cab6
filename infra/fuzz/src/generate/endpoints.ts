import { ALL_ENDPOINTS, API_PREFIX, ENDPOINTS, EVENT_ENDPOINTS } from '@ads/contract';
import { UPSTREAMS } from '@ads/local';
import { ENDPOINT_KINDS } from '@ads/models';
import fc from 'fast-check';
import { words } from './choices.js';
import type { Target } from './request.js';

/**
 * The ads of the run. Ids may contain any printable ASCII except spaces and braces, so these ids would break a query, key or
 * object that does not escape them.
 */
export const AD_IDS: readonly string[] = words`
  ad-001 __proto__ constructor toString ';DROP/**/TABLE/**/ad_events;-- "\\n\\ <script>alert(1)</script>
  %00%2e%2e%2f ../../etc/passwd $JS.> 0 ${'x'.repeat(128)}
`;

export const adId = fc.constantFrom(...AD_IDS);
export const kind = fc.constantFrom(...ENDPOINT_KINDS);
export const prefix = fc.constantFrom('', API_PREFIX);
export const anyTarget = fc.constantFrom<Target>('gateway', ...UPSTREAMS);
/** Generates a target that accepts events. */
export const eventTarget = fc.constantFrom<Target>('gateway', 'ingest');

/** Generates a path that accepts events, with or without its prefix. */
export const eventPath = fc.tuple(prefix, kind).map(([before, name]) => `${before}${EVENT_ENDPOINTS[name].path}`);

/**
 * Returns a path that gets an answer. A live stream does not end, so its path has a query that is refused. A click-through link
 * gets an unknown ad, because the click of a known one would count.
 */
const answeredPath = ({ path }: { readonly path: string }): string => {
  if (path === ENDPOINTS.liveAnalytics.path) return `${path}?ad_id=`;
  const ad = path === ENDPOINTS.clickThrough.path ? 'no-such-ad' : 'ad-001';
  return path
    .replace('{ad_id}', ad)
    .replace('{event}', 'start')
    .replace('{key_id}', 'x')
    .replace('{share_id}', 'x')
    .replace('{file}', '0123.js');
};

/** Generates any path of the API. */
export const anyPath = fc
  .tuple(
    prefix,
    fc.constantFrom(
      ...ALL_ENDPOINTS.map(answeredPath),
      `${ENDPOINTS.analytics.path}?ad_id=ad-001&timeframe=5m`,
      `${ENDPOINTS.swagger.path}/`,
      `${ENDPOINTS.swagger.path}/swagger-ui.css`,
      `${ENDPOINTS.swagger.path}/package.json`,
    ),
  )
  .map(([before, path]) => `${before}${path}`);
