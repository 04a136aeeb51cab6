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
