import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal, Random, Report } from '@ads/harness';
import { AD_IDS } from '../stack/chaos-stack.js';
import { newReport } from './reports.js';
import { send } from './send.js';

/** So many, each with a pause of its own: about as many reports a second. */
const PLAYERS = 60;
const LONGEST_PAUSE_MS = 450;
const RETRY_MS = 250;
/** Of those that were acknowledged and have an id of their own: players retry blindly. */
const SENT_AGAIN_AT_ONCE = 0.2;
const SENT_AGAIN_LATER = 0.15;
/** Reports that are kept to be sent again minutes later, and how many each player takes up again in a round. */
const KEPT = 2_000;
const TAKEN_UP = 3;
/**
 * A player that is not answered goes on with this report no longer; the next one begins with its next. Once the fault is
 * over nobody may have to.
 */
const GIVE_UP_MS = 60_000;

/** Reports that were acknowledged, to be sent again in a later round. */
export type Kept = Report[];

/** Players that send until they are stopped. */
export interface Players {
  /** No new reports from now on. Resolves when each one that was begun was acknowledged, or its player gave up. */
  stop(): Promise<void>;
}

/** Everybody begins to play. Each sends a report until it is acknowledged. */
export function startPlayers(url: string, journal: Journal, kept: Kept, random: Random): Players {
  let stopping = false;
  let stoppedAt = 0;
  const old = random.shuffle(kept);

  async function deliver(report: Report): Promise<boolean> {
    const since = performance.now();
    while (!(await send(url, journal, report, random))) {
      if (performance.now() - Math.max(since, stoppedAt) > GIVE_UP_MS) {
        if (stopping)
          journal.complaints.push(`a ${report.kind} was not taken for ${GIVE_UP_MS / 1_000} s after the fault`);
        return false;
      }
      await sleep(random.between(0.5, 1.5) * RETRY_MS);
    }
    return true;
  }

  async function play(): Promise<void> {
    await sleep(random.between(0, LONGEST_PAUSE_MS));
    while (!stopping) {
      const report = newReport(random, AD_IDS, Date.now());
      if ((await deliver(report)) && report.id !== undefined) {
        if (random.chance(SENT_AGAIN_AT_ONCE)) await deliver(report);
        if (random.chance(SENT_AGAIN_LATER)) kept.push(report);
      }
      await sleep(random.between(0, LONGEST_PAUSE_MS));
    }
    for (const report of old.splice(0, TAKEN_UP)) await deliver(report);
  }
  const playing = Promise.all(Array.from({ length: PLAYERS }, play));

  return {
    async stop() {
      stopping = true;
      stoppedAt = performance.now();
      await playing;
      kept.splice(0, kept.length - KEPT);
    },
  };
}
