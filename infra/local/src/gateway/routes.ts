import { ALL_ENDPOINTS, type ApiService, barePath } from '@ads/contract/paths';

/** Answers the paths that no other service has. */
const OTHERS: ApiService = 'ingest';

/** The scheme and authority of a target in absolute form, which a server must accept as well: RFC 9112, 3.2.2. */
const ORIGIN = /^https?:\/\/[^/?]*/i;

/** @returns the target in origin form: `/ads?limit=1` for `http://localhost:8080/ads?limit=1` */
export function originForm(target: string): string {
  const rest = target.replace(ORIGIN, '');
  return rest.startsWith('/') || rest === target ? rest : `/${rest}`;
}

/**
 * Returns the service that answers a request.
 * @param target the request target in origin form, with its query
 */
export function upstreamOf(target: string): ApiService {
  const asked = barePath(target);
  for (const { path, service } of ALL_ENDPOINTS) {
    const isOwn = service !== 'each' && service !== OTHERS;
    const below = path.endsWith('/') ? undefined : `${path}/`;
    if (isOwn && (asked === path || (below !== undefined && asked.startsWith(below)))) return service;
  }
  return OTHERS;
}

/**
 * True if the path of a target is malformed: a broken escape, an escaped NUL, or a path above the root. nginx, the gateway
 * of the other deployments, refuses these too.
 * @param target the request target in origin form, with its query
 */
export function isMalformed(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  if (/%(?![0-9a-f]{2})|%00/i.test(path)) return true;
  let depth = 0;
  for (const segment of path.replaceAll(/%2f/gi, '/').replaceAll(/%2e/gi, '.').split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
