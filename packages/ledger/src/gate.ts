import {
  type AdEvent,
  decisionRules,
  fillInKinds,
  type GateVerdict,
  type InvalidVerdict,
  kindsIn,
  VERDICTS,
} from '@ads/models';
import { numberArray, textArray } from './array-literals.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

/*
 * The gate finds double clicks and floods of clicks. It judges clicks whose viewer is known and to which ingest has no objection.
 *
 * A batch with such clicks is recorded by three statements of one transaction:
 *
 * 1. `lock-gate.sql` locks the rows of the gate of these viewers and ads. A batch that has clicks of the same ones, in any process,
 *    waits here until the transaction ends.
 * 2. `judge-clicks.sql` has a snapshot that is later than the locks, so it sees all clicks of the same viewers and ads that were
 *    recorded before. It skips clicks that are stored already: they have their verdict.
 * 3. `record-batch.sql` stores the clicks with their verdicts, and advances the gate by those that were really inserted.
 *
 * A transaction that fails changes neither events nor gate, and a repeated one finds its clicks stored. So a click is judged once,
 * against the clicks that were recorded before it, however often it is delivered.
 */

const LOCK_GATE = readText('sql/lock-gate.sql');
const JUDGE_CLICKS = fillInKinds(readText('sql/judge-clicks.sql'));

const HOUR_MS = 3_600_000;
const CLICKS = new Set(kindsIn('clicks'));
const VERDICT_OF: ReadonlyMap<number, GateVerdict> = new Map(
  (['double_click', 'flood'] as const).map((name) => [VERDICTS[name].number, name]),
);

/** The rules of the gate. */
export interface GateRules {
  /** A click less than this after another one of the same viewer and ad is a double click. 0: none is. */
  readonly doubleClickMs: number;
  /** Clicks of a viewer on an ad in a clock hour, by the time of receipt; further ones are a flood. 0: none are. */
  readonly floodPerHour: number;
}

/** The rules of the gate as reports name them. @param rules undefined if the gate is off */
export function gateRulesInForce(rules: GateRules | undefined) {
  const { doubleClickMs = 0, floodPerHour = 0 } = rules ?? {};
  return decisionRules('gate', { double_click_ms: doubleClickMs, flood_per_hour: floodPerHour });
}

/** An event with the verdict that is stored. */
export type JudgedEvent = Omit<AdEvent, 'verdict'> & { readonly verdict?: InvalidVerdict };

/** A batch in which each click occurs once. */
export interface GateBatch {
  readonly events: readonly AdEvent[];
  /** The clicks that the gate judges, some of `events`. */
  readonly clicks: readonly Click[];
}

type Click = AdEvent & Required<Pick<AdEvent, 'viewer'>>;

/**
 * Removes repetitions of clicks from a batch: the gate would take the second for a double click, and another viewer may repeat
 * it. The first delivery stays.
 *
 * @returns undefined if the gate has nothing to judge
 */
export function batchForGate(events: readonly AdEvent[]): GateBatch | undefined {
  if (!events.some(passesGate)) return undefined;
  const seen = new Set<string>();
  const unique = events.filter(({ kind, id, adId }) => {
    if (!CLICKS.has(kind)) return true;
    const before = seen.size;
    // An id may be repeated for another ad, which may be the only one that exists.
    return seen.add(`${id} ${adId}`).size > before;
  });
  return { events: unique, clicks: unique.filter(passesGate) };
}

function passesGate(event: AdEvent): event is Click {
  return event.viewer !== undefined && event.verdict === undefined && CLICKS.has(event.kind);
}

/**
 * Locks the rows of the gate for the clicks of a batch, and judges the clicks that are not stored yet.
 *
 * @param transaction holds the locks until its end. The events must be recorded in it
 * @returns the events of the batch with their verdicts
 */
export async function judgeClicks(
  transaction: Database,
  { events, clicks }: GateBatch,
  { doubleClickMs, floodPerHour }: GateRules,
): Promise<readonly JudgedEvent[]> {
  const ads = textArray(clicks.map(({ adId }) => adId));
  const viewers = `{${clicks.map(({ viewer }) => viewer).join()}}`;
  const hours = numberArray(clicks.map(({ receivedAt }) => Math.floor(receivedAt / HOUR_MS)));
  await transaction.query('lock_gate', LOCK_GATE, [ads, viewers, hours]);
  const rows = await transaction.query<{ place: number; verdict: number }>('judge_clicks', JUDGE_CLICKS, [
    textArray(clicks.map(({ id }) => id)),
    ads,
    viewers,
    numberArray(clicks.map(({ occurredAt }) => occurredAt)),
    hours,
    doubleClickMs,
    floodPerHour,
  ]);
  if (rows.length === 0) return events;
  const verdicts = new Map(rows.map(({ place, verdict }) => [clicks[place - 1], VERDICT_OF.get(verdict)]));
  return events.map((event) => {
    const verdict = verdicts.get(event as Click);
    return verdict === undefined ? event : { ...event, verdict };
  });
}
