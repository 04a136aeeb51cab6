import { setTimeout as sleep } from 'node:timers/promises';
import type { AdAnswer, Journal, Random } from '@ads/harness';
import { WINDOWS } from '@ads/models';
import { AD_IDS } from '../stack/chaos-stack.js';

type Totals = ReadonlyMap<string, { readonly clicks: number; readonly impressions: number }>;

/** The totals that were shown of each ad so far: no later answer may say less. */
export class Shown {
  #totals = new Map<string, { clicks: number; impressions: number }>();
  #page = 0;
  #suspended = false;

  /** Answers are not judged from here on: the ledger goes back in time. */
  suspend(): void {
    this.#suspended = true;
    this.#page += 1;
  }

  /** Answers to questions that are asked from here on are judged again, by what is shown from here on. */
  resume(): void {
    this.#totals.clear();
    this.#suspended = false;
    this.#page += 1;
  }

  /** The answers that were shown so far, for a question that is asked now. */
  ask(): Question {
    const page = this.#page;
    const before = new Map(this.#totals);
    return { before, isJudged: () => page === this.#page && !this.#suspended };
  }

  add(adId: string, clicks: number, impressions: number): void {
    const most = this.#totals.get(adId) ?? { clicks: 0, impressions: 0 };
    this.#totals.set(adId, {
      clicks: Math.max(most.clicks, clicks),
      impressions: Math.max(most.impressions, impressions),
    });
  }
}

/** A question, and what was shown when it was asked: answers overtake each other. */
interface Question {
  readonly before: Totals;
  /** False where the ledger went back in time since it was asked. */
  isJudged(): boolean;
}

/** People who look at the numbers all the time. */
export interface Viewers {
  /** How answers came: a source, or how it failed. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Numbers that can't be. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

const VIEWERS = 3;
const PAUSE_MS = 80;
const PATIENCE_MS = 10_000;
/** So many of the requests are for all ads at once. */
const LISTS = 0.1;

/** Asks without end, and holds each answer against what was sent, and against what was shown before. */
export function startViewers(url: string, journal: Journal, shown: Shown, random: Random): Viewers {
  const outcomes = new Map<string, number>();
  const wrong: string[] = [];
  let stopping = false;
  const tally = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

  function examine(answer: AdAnswer, before: Totals, source: string): void {
    const { ad_id: adId, total_clicks: clicks, impressions, time_frames: windows } = answer;
    const about = `(${source}, ${JSON.stringify(answer)})`;
    const ascending = [...WINDOWS.map(({ field }) => windows[field] ?? Number.NaN), clicks];
    if (ascending.some((count, index) => !(count >= (ascending[index - 1] ?? 0)))) {
      wrong.push(`a narrower window has more ${about}`);
    }
    for (const [kind, count] of [
      ['click', clicks],
      ['impression', impressions],
    ] as const) {
      const least = before.get(adId)?.[`${kind}s`] ?? 0;
      if (count < least) wrong.push(`${kind}s of ${adId} went from ${least} to ${count} ${about}`);
      if (count > journal.most(kind, adId)) wrong.push(`more ${kind}s of ${adId} than were sent ${about}`);
    }
    shown.add(adId, clicks, impressions);
  }

  async function ask(): Promise<void> {
    const question = shown.ask();
    const adId = random.chance(LISTS) ? undefined : random.pick(AD_IDS);
    const query = adId === undefined ? '?limit=100' : `?ad_id=${adId}`;
    const response = await fetch(`${url}/api/v1/ads/analytics${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    if (response.status !== 200) {
      tally(String(response.status));
      journal.tally(`analytics ${response.status}`);
      if (response.status !== 503) wrong.push(`a question was answered with ${response.status} ${text}`);
      return;
    }
    const answer = JSON.parse(text) as AdAnswer & { readonly analytics?: readonly AdAnswer[]; readonly source: string };
    tally(answer.source);
    if (!question.isJudged()) return;
    // The list may be a moment old: only what must hold within one answer, and what was sent, counts there.
    if (answer.analytics === undefined) examine(answer, question.before, answer.source);
    else for (const ad of answer.analytics) if (AD_IDS.includes(ad.ad_id)) examine(ad, new Map(), answer.source);
  }

  async function view(): Promise<void> {
    while (!stopping) {
      await ask().catch((error: Error) => {
        const outcome = error.name === 'TimeoutError' ? 'timeout' : 'no connection';
        tally(outcome);
        journal.tally(`analytics ${outcome}`);
      });
      await sleep(PAUSE_MS);
    }
  }
  const viewing = Promise.all(Array.from({ length: VIEWERS }, view));

  return {
    outcomes,
    wrong,
    async stop() {
      stopping = true;
      await viewing;
    },
  };
}
