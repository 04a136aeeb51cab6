import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '@ads/harness';
import { type Comparison, compare, seededRandom } from '@ads/harness';
import { startObservabilityProbe } from './checks/observability-probe.js';
import type { QueueWatch } from './checks/queue-watch.js';
import { untilSettled, untilWhole } from './checks/settled.js';
import { type Fault, pause } from './faults/fault.js';
import type { Traffic } from './load/traffic.js';
import { AD_IDS, type ChaosStack } from './stack/chaos-stack.js';

/** The state that lasts over all rounds. */
export interface Run {
  readonly stack: ChaosStack;
  readonly journal: Journal;
  readonly traffic: Traffic;
  readonly queue: QueueWatch;
  readonly seed: number;
  readonly seconds: number | undefined;
}

/** How a round went. */
export interface RoundResult extends Comparison {
  readonly fault: string;
  /** From the start of the load to the fault. */
  readonly atMs: number;
  /** From the end of the fault until everything has healed. */
  readonly healMs: number;
  /** Wrong answers of analytics during the round. */
  readonly wrongAnswers: readonly string[];
  /** Other broken promises. */
  readonly complaints: readonly string[];
  /** Remarks that are no failure. */
  readonly remarks: readonly string[];
  /** The sources of the answers of analytics. */
  readonly sources: string;
}

const BEFORE_MS = [1_500, 4_000] as const;
const AFTER_MS = 1_500;
const HEAL_MS = 90_000;

/**
 * Plays one round: load, a fault in the middle of it, healing, and the comparison.
 *
 * @param time how often this fault came before in this run: each time differs, and the first time is the same as in a run of
 *   this fault alone
 */
export async function playRound(run: Run, fault: Fault, time: number): Promise<RoundResult> {
  const { stack, journal, traffic, queue, seed, seconds } = run;
  const random = seededRandom(seed, fault.name, time);
  const complaintsBefore = journal.complaints.length;
  const acceptedBefore = journal.acknowledged.size;
  const complaints: string[] = [];
  const players = traffic.startPlayers(stack.url, seededRandom(seed, fault.name, time, 'players'));
  const viewers = traffic.startViewers(stack.url, seededRandom(seed, fault.name, time, 'viewers'));
  const probe = await startObservabilityProbe(stack.slots);
  const began = performance.now();
  await pause(random, ...BEFORE_MS);
  const atMs = performance.now() - began;
  try {
    await fault.run({
      stack,
      journal,
      answered: traffic.answered,
      random,
      last: (usual) => sleep(1_000 * (seconds ?? usual)),
      complain: (sentence) => complaints.push(sentence),
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
  const remarks = await untilWhole(stack);
  await viewers.stop();
  if (journal.acknowledged.size === acceptedBefore) complaints.push('nothing was accepted');
  return {
    ...(await compare({ admin: stack.admin, url: stack.url, adIds: AD_IDS }, journal)),
    fault: fault.name,
    atMs,
    healMs,
    wrongAnswers: viewers.wrong,
    complaints: [...complaints, ...journal.complaints.slice(complaintsBefore)],
    remarks,
    sources: [...viewers.outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '),
  };
}
