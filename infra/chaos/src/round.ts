import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AnsweredCounts,
  type Comparison,
  changedVerdicts,
  compare,
  type Journal,
  type Report,
  readRows,
  seededRandom,
  startPlayers,
  startViewers,
} from '@ads/harness';
import { waitFor } from '@ads/local';
import { startObservabilityProbe } from './checks/observability-probe.js';
import type { QueueWatch } from './checks/queue-watch.js';
import { untilSettled, untilWhole } from './checks/settled.js';
import { type Fault, pause } from './faults/fault.js';
import { newReport } from './load/reports.js';
import { AD_IDS, type ChaosStack, GATE } from './stack/chaos-stack.js';

/** The state that all rounds share. */
export interface Run {
  readonly stack: ChaosStack;
  readonly journal: Journal;
  /** Acknowledged reports of earlier rounds, to be sent again in later ones. */
  readonly kept: Report[];
  readonly answered: AnsweredCounts;
  readonly queue: QueueWatch;
  readonly seed: number;
  readonly seconds: number | undefined;
}

/** The result of a round. */
export interface RoundResult extends Comparison {
  readonly fault: string;
  /** Milliseconds from the start of the load to the fault. */
  readonly atMs: number;
  /** Milliseconds from the end of the fault to the complete recovery. */
  readonly healMs: number;
  /** One sentence for each wrong answer of analytics during the round. */
  readonly wrongAnswers: readonly string[];
  /** One sentence for each other broken promise. */
  readonly complaints: readonly string[];
  /** Remarks that do not fail the round. */
  readonly remarks: readonly string[];
  /** The sources of the answers of analytics. */
  readonly sources: string;
}

/** Each player sends two to three reports a second. */
const PLAYERS = { count: 40, longestPauseMs: 700, retryMs: 250, giveUpMs: 60_000, sentAgain: 0.2 };
const VIEWERS = { count: 3, pauseMs: 120, lists: 0.1 };

const BEFORE_MS = [1_000, 2_500] as const;
const AFTER_MS = 1_000;
const HEAL_MS = 90_000;

/**
 * Runs one round: load, a fault during the load, recovery, and the comparison.
 *
 * @param time the number of earlier rounds of this run with the same fault. Repeated rounds of a fault differ; the first equals
 *   the round of a run with only this fault
 */
export async function playRound(run: Run, fault: Fault, time: number): Promise<RoundResult> {
  const { stack, journal, kept, answered, queue, seed, seconds } = run;
  const random = seededRandom(seed, fault.name, time);
  const complaintsBefore = journal.complaints.length;
  const acceptedBefore = journal.acknowledged.size;
  const complaints: string[] = [];
  const remarks: string[] = [];
  const ofPlayers = seededRandom(seed, fault.name, time, 'players');
  const ofViewers = seededRandom(seed, fault.name, time, 'viewers');
  const players = startPlayers({
    ...PLAYERS,
    ...{ journal, kept, random: ofPlayers, url: () => stack.url },
    newReport: () => newReport(ofPlayers, AD_IDS, Date.now()),
  });
  const viewers = startViewers({ ...VIEWERS, url: stack.url, random: ofViewers, journal, answered, adIds: AD_IDS });
  const probe = await startObservabilityProbe(stack.slots);
  const began = performance.now();
  await pause(random, ...BEFORE_MS);
  const atMs = performance.now() - began;
  // The events that are stored now must have the same verdicts after the fault.
  complaints.push(...changedVerdicts(journal, await readRows(stack.admin.database)));
  try {
    await fault.run({
      stack,
      journal,
      answered,
      random,
      last: (byDefault) => sleep(1_000 * (seconds ?? byDefault)),
      complain: (sentence) => complaints.push(sentence),
      remark: (sentence) => remarks.push(sentence),
      expect: (what, timeoutMs, condition) =>
        waitFor(condition, { what, timeoutMs }).then(
          () => undefined,
          (error: Error) => void complaints.push(error.message),
        ),
    });
  } catch (error) {
    complaints.push(`the fault itself failed: ${(error as Error).message}`);
    await stack.restore();
  }
  const healedFrom = performance.now();
  await sleep(AFTER_MS);
  for (const { kind } of await players.stop()) complaints.push(`a ${kind} was not accepted for 60 s after the fault`);
  try {
    await untilSettled(stack, queue, HEAL_MS);
  } catch (error) {
    complaints.push((error as Error).message);
  }
  const healMs = performance.now() - healedFrom;
  complaints.push(...(await probe.missingSignals(fault.signals)));
  remarks.push(...(await untilWhole(stack)));
  await viewers.stop();
  if (journal.acknowledged.size === acceptedBefore) complaints.push('no event was accepted');
  const comparison = await compare({ admin: stack.admin, url: stack.url, adIds: AD_IDS, gate: GATE }, journal);
  const { unstoredRedirects: unstored } = comparison;
  if (fault.killsIngest !== true) complaints.push(...unstored.map((key) => `${key} was redirected but not stored`));
  // Later rounds report only their own events.
  for (const key of unstored) journal.redirected.delete(key);
  return {
    ...comparison,
    fault: fault.name,
    atMs,
    healMs,
    wrongAnswers: viewers.wrong,
    complaints: [...complaints, ...journal.complaints.slice(complaintsBefore)],
    remarks,
    sources: [...viewers.outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '),
  };
}
