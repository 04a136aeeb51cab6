import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpLine, requestMaker } from '@ads/harness';

/** The time from the 202 of each click until analytics counts it, in milliseconds. */
export interface Freshness {
  readonly p50: number;
  readonly p99: number;
  /** The number of probed clicks. All of them are recorded in the ledger. */
  readonly clicks: number;
}

/** The interval between two reads for the same click. It is also the error of the measurement. */
const ASK_AGAIN_MS = 1;
const MOST_PAUSE_MS = 50;
const GIVE_UP_MS = 60_000;

/**
 * Sends a click, reads until analytics counts it, and repeats. Each prober uses a different ad.
 *
 * @throws Error when a request fails, or a click is not counted within a minute
 */
export async function probe(
  ports: { readonly ingest: number; readonly analytics: number },
  adIds: readonly string[],
  seconds: number,
): Promise<Freshness> {
  const times = createHistogram();
  const until = performance.now() + 1_000 * seconds;
  await Promise.all(adIds.map((adId) => probeOne(adId)));
  return { p50: times.percentile(50) / 1e3, p99: times.percentile(99) / 1e3, clicks: times.count };

  async function probeOne(adId: string): Promise<void> {
    const [ingest, analytics] = [new HttpLine(ports.ingest), new HttpLine(ports.analytics)];
    const click = requestMaker({ kind: 'click', adIds: [adId] });
    const question = requestMaker({ kind: 'get', paths: [`/api/v1/ads/analytics?ad_id=${adId}`] });
    const countOf = async () => {
      const { status, body } = await analytics.ask(question().text);
      if (status !== 200) throw new Error(`analytics returned ${status}: ${body}`);
      return (JSON.parse(body) as { total_clicks: number }).total_clicks;
    };
    try {
      for (let counted = await countOf(); performance.now() < until; counted += 1) {
        const { status, body } = await ingest.ask(click().text);
        if (status !== 202) throw new Error(`ingest returned ${status}: ${body}`);
        const accepted = performance.now();
        while ((await countOf()) <= counted) {
          if (performance.now() > accepted + GIVE_UP_MS) throw new Error('a click was not counted within a minute');
          await sleep(ASK_AGAIN_MS);
        }
        times.record(Math.max(1, Math.round(1_000 * (performance.now() - accepted))));
        await sleep(Math.random() * MOST_PAUSE_MS);
      }
    } finally {
      ingest.close();
      analytics.close();
    }
  }
}
