import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdAnswer } from '@ads/harness';
import { waitFor } from '@ads/local';
import { WINDOWS } from '@ads/models';
import type { Environment } from './environment.js';
import { call, json } from './http.js';

/** Somebody who looks at the numbers all the time. */
export interface AnalyticsWatch {
  /** Answers so far. */
  answers(): number;
  /** How many answers came from where. */
  readonly sources: ReadonlyMap<string, number>;
  /** Numbers that can't be, and answers that were none. */
  readonly complaints: readonly string[];
  /** Resolves when so many answers more than now have come. */
  more(answers: number): Promise<void>;
  stop(): Promise<void>;
}

const PACE_MS = 3;

/**
 * Asks for each ad in turn, without end, and complains when a number is less than one that was answered before, or when
 * a narrower window has more clicks than a wider one. For ads none of whose clicks leaves the hour meanwhile.
 */
export function watchAnalytics(environment: Environment, adIds: readonly string[]): AnalyticsWatch {
  const agent = new Agent({ keepAlive: true });
  const sources = new Map<string, number>();
  const complaints: string[] = [];
  const best = new Map<string, number>();
  let answers = 0;
  let stopping = false;

  function examine(answer: AdAnswer): void {
    const { ad_id: adId, time_frames: windows, total_clicks: total, impressions, source } = answer;
    sources.set(source, (sources.get(source) ?? 0) + 1);
    const ascending = [...WINDOWS.map(({ field }) => windows[field] ?? Number.NaN), total];
    if (ascending.some((clicks, index) => !(clicks >= (ascending[index - 1] ?? 0)))) {
      complaints.push(`a narrower window has more: ${JSON.stringify(answer)}`);
    }
    const growing = { total, impressions, last_1_hour: windows.last_1_hour, last_24_hours: windows.last_24_hours };
    for (const [name, value = Number.NaN] of Object.entries(growing)) {
      const before = best.get(`${adId} ${name}`) ?? 0;
      if (!(value >= before)) complaints.push(`${adId} ${name} went from ${before} to ${value} (${source})`);
      best.set(`${adId} ${name}`, Math.max(before, value));
    }
  }

  async function watch(): Promise<void> {
    while (!stopping) {
      for (const adId of adIds) {
        try {
          const answer = await call(`${environment.stack.url}/api/v1/ads/analytics?ad_id=${adId}`, { agent });
          if (answer.status === 200) examine(json<AdAnswer>(answer));
          else complaints.push(`${answer.status} ${answer.text}`);
        } catch (error) {
          complaints.push(String(error));
        }
        answers += 1;
      }
      await sleep(PACE_MS);
    }
  }
  const watching = watch();
  environment.onRelease(async () => {
    stopping = true;
    agent.destroy();
    await watching;
  });

  return {
    answers: () => answers,
    sources,
    complaints,
    async more(wanted) {
      const target = answers + wanted;
      await waitFor(() => answers >= target, { timeoutMs: 20_000, what: `${wanted} more answers of analytics` });
    },
    async stop() {
      stopping = true;
      await watching;
      agent.destroy();
    },
  };
}
