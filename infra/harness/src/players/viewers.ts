import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_PREFIX, ENDPOINTS } from '@ads/contract';
import { callHttp, NO_ANSWER } from '@ads/local';
import { kindsIn, TOTAL_COLUMNS, WINDOWS } from '@ads/models';
import type { Journal } from '../journal.js';
import type { Random } from '../random.js';
import type { AdAnswer } from '../service-answers.js';

/** The highest counts so far, by ad and field. Later answers must not be lower. */
export class AnsweredCounts {
  #greatest = new Map<string, number>();
  #epoch = 0;
  #suspended = false;

  /** Suspends the checks of answers while an old state of the ledger is restored. */
  suspend(): void {
    this.#suspended = true;
    this.#epoch += 1;
  }

  /** Resumes the checks, with the next answers as the new lower bounds. */
  resume(): void {
    this.#greatest.clear();
    this.#suspended = false;
    this.#epoch += 1;
  }

  /** The bounds for an answer, taken when the request is sent, because answers may arrive out of order. */
  ask() {
    const epoch = this.#epoch;
    const before = new Map(this.#greatest);
    return { before, isChecked: () => epoch === this.#epoch && !this.#suspended };
  }

  add(key: string, count: number): void {
    this.#greatest.set(key, Math.max(this.#greatest.get(key) ?? 0, count));
  }
}

export interface ViewersOptions {
  readonly url: string;
  readonly random: Random;
  /** The ads. Each request is for one of them, chosen at random. */
  readonly adIds: readonly string[];
  readonly count: number;
  readonly pauseMs: number;
  /** The journal, whose sent events are the upper bound of the counts; undefined if other senders do not use it. */
  readonly journal?: Journal;
  readonly answered?: AnsweredCounts;
  /** Probability that a request is for the list of all ads. */
  readonly lists?: number;
  /** The windows whose counts only grow, because they are longer than the run. */
  readonly growingWindows?: readonly string[];
}

/** Readers that send analytics requests until they are stopped. */
export interface Viewers {
  /** The number of requests by outcome: a source, a status, or a connection error. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Impossible counts and unexpected statuses, one sentence each. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** The connections of all viewers. */
const agent = new Agent({ keepAlive: true });

/** Starts readers that check each answer against earlier answers, the sent events and its own windows. */
export function startViewers(options: ViewersOptions): Viewers {
  const { url, random, adIds, count, pauseMs, journal, lists = 0, growingWindows = [] } = options;
  const { answered = new AnsweredCounts() } = options;
  const outcomes = new Map<string, number>();
  const wrong: string[] = [];
  let stopping = false;
  const tally = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const fail = (outcome: string) => {
    tally(outcome);
    journal?.tally(`analytics ${outcome}`);
  };

  function check(answer: AdAnswer, before: ReadonlyMap<string, number>, source: string): void {
    const { ad_id: adId, total_clicks: clicks, impressions } = answer;
    const { time_frames: windows, impressions_time_frames: impressionWindows } = answer;
    const about = `(${source}, ${JSON.stringify(answer)})`;
    for (const [counts, total] of [
      [windows, clicks],
      [impressionWindows, impressions],
    ] as const) {
      const ascending = [...WINDOWS.map(({ field }) => counts[field] ?? Number.NaN), total];
      if (ascending.some((value, index) => !(value >= (ascending[index - 1] ?? 0)))) {
        wrong.push(`a narrower window has more ${about}`);
      }
    }
    const growing: Record<string, number> = { clicks, impressions };
    for (const field of growingWindows) growing[field] = windows[field] ?? Number.NaN;
    for (const [field, value] of Object.entries(growing)) {
      const previous = before.get(`${adId} ${field}`) ?? 0;
      if (!(value >= previous)) wrong.push(`${field} of ${adId} went from ${previous} to ${value} ${about}`);
      answered.add(`${adId} ${field}`, value);
    }
    if (journal === undefined) return;
    const totals = { clicks, impressions };
    for (const column of TOTAL_COLUMNS) {
      const sent = kindsIn(column).reduce((sum, kind) => sum + journal.upperBound(kind, adId), 0);
      if (totals[column] > sent) wrong.push(`more ${column} of ${adId} than were sent ${about}`);
    }
  }

  async function ask(): Promise<void> {
    const { before, isChecked } = answered.ask();
    const query = random.chance(lists) ? '?limit=100' : `?ad_id=${random.pick(adIds)}`;
    const { status, text } = await callHttp(`${url}${API_PREFIX}${ENDPOINTS.analytics.path}${query}`, {
      agent,
      timeoutMs: TIMEOUT_MS,
    });
    if (status !== 200) {
      fail(String(status));
      if (status !== 503) wrong.push(`analytics returned ${status} ${text}`);
      return;
    }
    const answer = JSON.parse(text) as AdAnswer & { readonly analytics?: readonly AdAnswer[] };
    tally(answer.source);
    if (!isChecked()) return;
    // The list may be up to a second old, so earlier answers do not bound it.
    if (answer.analytics === undefined) check(answer, before, answer.source);
    else for (const ad of answer.analytics) if (adIds.includes(ad.ad_id)) check(ad, new Map(), answer.source);
  }

  async function view(): Promise<void> {
    while (!stopping) {
      await ask().catch(({ code }: NodeJS.ErrnoException) => fail(code === NO_ANSWER ? 'timeout' : 'no connection'));
      await sleep(pauseMs);
    }
  }
  const viewing = Promise.all(Array.from({ length: count }, view));

  return {
    outcomes,
    wrong,
    async stop() {
      stopping = true;
      await viewing;
    },
  };
}
