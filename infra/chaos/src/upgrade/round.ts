import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AnsweredCounts,
  type Comparison,
  compareAnswers,
  compareServed,
  compareStored,
  type Journal,
  type Random,
  type Report,
  type ServiceSlot,
  seededRandom,
  startPlayers,
  startViewers,
} from '@ads/harness';
import { SERVICE_NAMES } from '@ads/local';
import { pause } from '../faults/fault.js';
import { UNDISTURBED } from '../faults/kills.js';
import { newReport } from '../load/reports.js';
import type { RoundResult } from '../round.js';
import { AD_IDS, GATE } from '../stack/chaos-stack.js';
import { untilSettled } from './settled.js';
import type { UpgradeStack, Version } from './upgrade-stack.js';

/** The versions at the end of a round: all present, all former, or one process of each service in each version. */
export type Goal = 'forward' | 'back' | 'mixed';

/** The state that all rounds share. */
export interface Run {
  readonly stack: UpgradeStack;
  readonly seed: number;
  readonly journal: Journal;
  readonly kept: Report[];
  readonly answered: AnsweredCounts;
}

const PLAYERS = { count: 40, longestPauseMs: 700, retryMs: 250, giveUpMs: 60_000, sentAgain: 0.2 };
const VIEWERS = { count: 3, pauseMs: 120, lists: 0.1 };
const BEFORE_MS = [1_000, 2_500] as const;
const BETWEEN_MS = [300, 1_500] as const;
const AFTER_MS = 1_000;

/** The goals of a run. It ends with the present version, so that every event can be recorded. */
export function goalsOf(rounds: number): readonly Goal[] {
  const cycle = ['forward', 'back', 'mixed'] as const;
  return Array.from({ length: rounds }, (_, round) =>
    round === rounds - 1 ? 'forward' : (cycle[round % cycle.length] as Goal),
  );
}

/**
 * Runs one round: load, the change of each process in random order, and the comparison. The first round also runs the migrations
 * of the present version, and each round back those of the former one, as a rollback does.
 *
 * @param index the number of the round, from 0
 */
export async function playRound(run: Run, goal: Goal, index: number): Promise<RoundResult> {
  const { stack, seed, journal, kept, answered } = run;
  const random = seededRandom(seed, 'upgrade', index);
  const complaints: string[] = [];
  const complaintsBefore = journal.complaints.length;
  const ofPlayers = seededRandom(seed, 'upgrade', index, 'players');
  const players = startPlayers({
    ...PLAYERS,
    ...{ journal, kept, random: ofPlayers, url: () => stack.url },
    newReport: () => newReport(ofPlayers, AD_IDS, Date.now()),
  });
  const ofViewers = seededRandom(seed, 'upgrade', index, 'viewers');
  const viewers = startViewers({ ...VIEWERS, url: stack.url, random: ofViewers, journal, answered, adIds: AD_IDS });
  const began = performance.now();
  await pause(random, ...BEFORE_MS);
  const atMs = performance.now() - began;
  journal.takeOutcomes();
  if (index === 0) await stack.migrate('present');
  if (goal === 'back') await stack.migrate('former');
  complaints.push(...(await changeVersions(stack, goal, random)));
  for (const [outcome, count] of journal.takeOutcomes()) {
    if (!UNDISTURBED.has(outcome)) complaints.push(`${count} requests ended with ${outcome} during the change`);
  }
  const changed = performance.now();
  await sleep(AFTER_MS);
  for (const { kind } of await players.stop()) complaints.push(`a ${kind} was not accepted for 60 s`);
  const newer = await untilSettled(stack).catch((error: Error) => void complaints.push(error.message));
  const healMs = performance.now() - changed;
  await viewers.stop();
  const { lost, ...comparison } = await compareAll(run);
  const { unstoredRedirects: unstored } = comparison;
  if (!newer) complaints.push(...unstored.map((key) => `${key} was redirected but not stored`));
  const waits = `${newer} messages hold events that only the present version reads; they wait for it`;
  return {
    ...comparison,
    fault: goal,
    atMs,
    healMs,
    // The last round compares the waiting events too.
    lost: newer ? [] : lost,
    wrongAnswers: viewers.wrong,
    complaints: [...complaints, ...journal.complaints.slice(complaintsBefore)],
    remarks: newer ? [waits] : [],
    sources: [...viewers.outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '),
  };
}

/** Changes one process after the other, in random order. @returns one sentence for each process that did not end well */
async function changeVersions(stack: UpgradeStack, goal: Goal, random: Random): Promise<string[]> {
  const complaints: string[] = [];
  const wanted = wantedVersions(stack, goal, random);
  for (const [slot, version] of random.shuffle([...wanted])) {
    if (stack.versionOf(slot) === version) continue;
    const { code, signal } = await stack.change(slot, version);
    if (code !== 0) complaints.push(`${slot.name} ended with ${signal ?? `code ${code}`} instead of 0`);
    await pause(random, ...BETWEEN_MS);
  }
  return complaints;
}

function wantedVersions(stack: UpgradeStack, goal: Goal, random: Random): ReadonlyMap<ServiceSlot, Version> {
  if (goal !== 'mixed') return new Map(stack.slots.map((slot) => [slot, goal === 'forward' ? 'present' : 'former']));
  return new Map(
    SERVICE_NAMES.flatMap((service) =>
      random.shuffle(stack.slotsOf(service)).map((slot, place) => [slot, place === 0 ? 'present' : 'former'] as const),
    ),
  );
}

/** Compares what is stored, the answers of each analytics, and the reports of one in the present version, if one runs. */
async function compareAll({ stack, journal }: Run): Promise<Comparison> {
  const { admin } = stack;
  const { rows, ...stored } = await compareStored({ admin, gate: GATE }, journal);
  const urlOf = ({ process }: ServiceSlot) => `http://127.0.0.1:${process.port}`;
  const served = [
    ...stack.running('analytics', 'former').map((slot) => compareAnswers(urlOf(slot), rows, AD_IDS)),
    ...stack
      .running('analytics', 'present')
      .map((slot) => compareServed({ admin, url: urlOf(slot), adIds: AD_IDS }, rows)),
  ];
  const wrong = (await Promise.all(served)).flat();
  return { ...stored, miscounted: [...stored.miscounted, ...wrong] };
}
