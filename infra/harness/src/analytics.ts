import { API_PREFIX, ENDPOINTS } from '@ads/contract';

/** The answer of `GET /api/v1/ads/analytics` about one ad. */
export interface AdAnswer {
  readonly ad_id: string;
  readonly total_clicks: number;
  readonly impressions: number;
  readonly ctr: number | null;
  readonly time_frames: Readonly<Record<string, number>>;
  /** `redis` or `postgres`. */
  readonly source: string;
  readonly timestamp?: string;
}

const PATIENCE_MS = 10_000;

/** Asks for the counts of one ad. @throws Error where the status is not 200 */
export async function askAnalytics(url: string, adId: string): Promise<AdAnswer> {
  const path = `${API_PREFIX}${ENDPOINTS.analytics.path}?ad_id=${encodeURIComponent(adId)}`;
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`analytics answered ${answer.status}: ${text}`);
  return JSON.parse(text) as AdAnswer;
}
