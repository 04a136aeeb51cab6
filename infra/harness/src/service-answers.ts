import { API_PREFIX, ENDPOINTS } from '@ads/contract';
import { callHttp, type LocalProcess, waitFor } from '@ads/local';

const TIMEOUT_MS = 10_000;
/** Between two questions. A shorter interval takes CPU time from the services that are starting or recovering. */
const INTERVAL_MS = 150;

/** The answer of `GET /api/v1/ads/analytics` about one ad. */
export interface AdAnswer {
  readonly ad_id: string;
  readonly total_clicks: number;
  readonly impressions: number;
  readonly ctr: number | null;
  readonly time_frames: Readonly<Record<string, number>>;
  readonly impressions_time_frames: Readonly<Record<string, number>>;
  readonly ctr_time_frames: Readonly<Record<string, number | null>>;
  /** `redis` or `postgres`. */
  readonly source: string;
  readonly timestamp?: string;
}

/** Requests the counts of one ad. @throws Error if the status is not 200 */
export async function askAnalytics(url: string, adId: string): Promise<AdAnswer> {
  const path = `${API_PREFIX}${ENDPOINTS.analytics.path}?ad_id=${encodeURIComponent(adId)}`;
  const { status, text } = await callHttp(`${url}${path}`, { timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new Error(`analytics returned ${status}: ${text}`);
  return JSON.parse(text) as AdAnswer;
}

/** Reads `/metrics`. @returns the sum of all series whose lines begin with `beginning`; undefined if no line does */
export async function readMetrics(port: number): Promise<(beginning: string) => number | undefined> {
  const { text } = await callHttp(`http://127.0.0.1:${port}/metrics`, { timeoutMs: TIMEOUT_MS });
  const lines = text.split('\n');
  return (beginning) => {
    const series = lines.filter((line) => line.startsWith(beginning));
    return series.length === 0 ? undefined : series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
}

/** Waits until each service reports that it is healthy. @throws Error that names the service and its last status */
export async function untilHealthy(services: readonly LocalProcess[], timeoutMs: number): Promise<void> {
  await Promise.all(
    services.map(({ name, port }) =>
      waitFor(
        async () => {
          const url = `http://127.0.0.1:${port}/health`;
          const answer = await callHttp(url, { timeoutMs: TIMEOUT_MS });
          const { status } = JSON.parse(answer.text) as { status: string };
          if (status !== 'healthy') throw new Error(status);
          return true;
        },
        { what: `${name} to be healthy`, intervalMs: INTERVAL_MS, timeoutMs },
      ),
    ),
  );
}

/** Waits until analytics answers from Redis. */
export async function untilFromRedis(url: string, adId: string, timeoutMs: number): Promise<void> {
  await waitFor(async () => (await askAnalytics(url, adId)).source === 'redis', {
    what: 'analytics to answer from Redis',
    intervalMs: INTERVAL_MS,
    timeoutMs,
  });
}
