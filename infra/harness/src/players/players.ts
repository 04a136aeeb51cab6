import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal, Report } from '../journal.js';
import type { Random } from '../random.js';
import { send } from './send.js';

/** Old reports: the probability to keep one, the number to keep, and how many of them each player sends again at the end. */
const KEEP = 0.15;
const KEPT = 2_000;
const SENT_AGAIN_AT_THE_END = 3;

export interface PlayersOptions {
  readonly url: () => string;
  readonly journal: Journal;
  readonly random: Random;
  readonly count: number;
  /** The maximum pause of a player before a new report, in milliseconds. */
  readonly longestPauseMs: number;
  readonly retryMs: number;
  /** The time after which a player gives up on a report. It starts at the report, or at the call of `stop` if that is later. */
  readonly giveUpMs: number;
  /** Probability that an acknowledged report with an id is sent again at once, as by a player that got no answer. */
  readonly sentAgain: number;
  newReport(): Report;
  /** Acknowledged reports that later players send again. Players both send and add such reports. */
  readonly kept?: Report[];
}

/** Players that send until they are stopped. */
export interface Players {
  readonly outcomes: ReadonlyMap<string, number>;
  /** Sends no new reports and waits for pending ones. @returns the reports that were never acknowledged */
  stop(): Promise<readonly Report[]>;
  /** Ends all players immediately. */
  abandon(): Promise<void>;
}

/** Starts players, each of which sends a report until it is acknowledged. */
export function startPlayers(options: PlayersOptions): Players {
  const { url, journal, random, count, longestPauseMs, retryMs, giveUpMs, sentAgain, newReport, kept = [] } = options;
  const outcomes = new Map<string, number>();
  const undelivered: Report[] = [];
  const old = random.shuffle(kept);
  let stopping = false;
  let abandoned = false;
  let stoppedAt = 0;

  async function deliver(report: Report): Promise<boolean> {
    const since = performance.now();
    while (!abandoned) {
      const { outcome, state } = await send(url(), journal, report, random);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (state !== 'failed') return state === 'acknowledged';
      if (performance.now() - Math.max(since, stoppedAt) > giveUpMs) break;
      await sleep(random.between(0.5, 1.5) * retryMs);
    }
    if (stopping) undelivered.push(report);
    return false;
  }

  async function play(): Promise<void> {
    await sleep(random.between(0, longestPauseMs));
    while (!stopping) {
      const report = newReport();
      if ((await deliver(report)) && report.id !== undefined) {
        if (random.chance(sentAgain)) await deliver(report);
        if (random.chance(KEEP)) kept.push(report);
      }
      await sleep(random.between(0, longestPauseMs));
    }
    for (const report of old.splice(0, SENT_AGAIN_AT_THE_END)) await deliver(report);
  }
  const playing = Promise.all(Array.from({ length: count }, play));

  return {
    outcomes,
    async stop() {
      stopping = true;
      stoppedAt = performance.now();
      await playing;
      kept.splice(0, kept.length - KEPT);
      return undelivered;
    },
    async abandon() {
      stopping = true;
      abandoned = true;
      await playing;
    },
  };
}
