import { type LocalProcess, waitFor } from '@ads/local';
import { askAnalytics } from './analytics.js';

const INTERVAL_MS = 50;
const PATIENCE_MS = 5_000;

/** Waits until each service reports that it is healthy. @throws Error that names the service and its last status */
export async function untilHealthy(services: readonly LocalProcess[], timeoutMs: number): Promise<void> {
  await Promise.all(
    services.map(({ name, port }) =>
      waitFor(
        async () => {
          const url = `http://127.0.0.1:${port}/health`;
          const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
          const { status } = (await answer.json()) as { status: string };
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
