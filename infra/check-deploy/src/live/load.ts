import { setTimeout as delay } from 'node:timers/promises';

/** The ads of the load. */
export const AD_IDS = ['ad-001', 'ad-002', 'ad-003'];
const ROUNDS_PER_SECOND = 20;

/**
 * Sends a round of requests every 50 ms until it is stopped: an impression of each ad, a click on one, sometimes the same click
 * twice, and a read. Failed requests are not retried, as nothing is counted here.
 */
export function startLoad({
  ingest,
  analytics,
}: {
  readonly ingest: number;
  readonly analytics: number;
}): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  const ask = async (url: string, body?: object): Promise<void> => {
    const init = body && {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    };
    const answer = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
    await answer.arrayBuffer();
  };
  const running = (async () => {
    const rounds: Promise<unknown>[] = [];
    for (let round = 0; !signal.aborted; round += 1) {
      const click = { ad_id: AD_IDS[round % AD_IDS.length], click_id: crypto.randomUUID() };
      const at = `http://127.0.0.1:${ingest}/api/v1/ads`;
      const asked = [
        ...AD_IDS.map((ad) => ask(`${at}/impression`, { ad_id: ad })),
        ask(`${at}/click`, click),
        ...(round % 5 === 0 ? [ask(`${at}/click`, click)] : []),
        ask(`http://127.0.0.1:${analytics}/api/v1/ads/analytics?ad_id=${click.ad_id}`),
      ];
      rounds.push(Promise.allSettled(asked));
      await delay(1_000 / ROUNDS_PER_SECOND, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(rounds);
  })();
  return async () => {
    ending.abort();
    await running;
  };
}
