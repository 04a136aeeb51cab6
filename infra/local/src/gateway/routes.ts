/** The services that the gateway knows. */
export type Upstream = 'ingest' | 'analytics';

/** Below these paths analytics answers; each also without `/api/v1`. Everything else is ingest's. */
const ANALYTICS_PATH = /^(?:\/api\/v1)?\/ads\/analytics(?:\/|$)/;

/**
 * Which service answers a request.
 * @param target the request target as it came, with its query.
 */
export function upstreamOf(target: string): Upstream {
  const [path = ''] = target.split('?', 1);
  return ANALYTICS_PATH.test(path) ? 'analytics' : 'ingest';
}

/**
 * Whether the path of a target cannot be read: a broken escape, an escaped NUL, or a way above the root. nginx, the gateway
 * of the other deployments, refuses these too.
 * @param target the request target as it came, with its query.
 */
export function isMalformed(target: string): boolean {
  const [path = ''] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1);
  if (/%(?![0-9a-f]{2})|%00/i.test(path)) return true;
  let depth = 0;
  for (const segment of path.replaceAll(/%2f/gi, '/').replaceAll(/%2e/gi, '.').split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
