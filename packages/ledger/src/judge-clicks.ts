import { hash } from 'node:crypto';
import type { AdEvent, GateVerdict } from '@ads/models';
import { numberArray } from './array-literals.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const JUDGE_CLICKS = readText('sql/judge-clicks.sql');
const HOUR_MS = 3_600_000;
/** Ads whose hashes are remembered: a hash takes 1 µs. */
const REMEMBERED_ADS = 20_000;

/** The rules of the gate. */
export interface GateRules {
  /** A click less than this time after another one of the same viewer on the same ad is a double click. 0 disables the rule. */
  readonly doubleClickMs: number;
  /** Clicks of a viewer on an ad in a clock hour, by the time of receipt; further ones are a flood. 0 disables the rule. */
  readonly floodPerHour: number;
}

/** The clicks of one viewer on one ad in a batch. */
interface Clicks {
  /** Their places in the batch. */
  readonly places: number[];
  /** The time of the latest one. */
  latest: number;
  /** The newest Unix hour of receipt, and the number of clicks in that hour. */
  hour: number;
  ofHour: number;
}

/** A row of the gate as it was before the batch. */
interface GateRow {
  readonly key: string;
  readonly before_click: number;
  readonly before_hour: number;
  readonly before_clicks: number;
}

/**
 * Advances the gate by clicks that are not stored yet, and judges them by the clicks before them, in the batch and in the gate.
 *
 * Postgres only keeps the rows of the gate, and this function does the rest, because hashing, joining and sorting in SQL took 40 %
 * of the time of the statement.
 *
 * @param isJudged true for the clicks of `events` that the gate judges; they have a viewer
 * @returns the verdicts of the invalid ones, by their places in `events`
 * @throws the errors of `query`
 */
export async function judgeClicks(
  transaction: Database,
  events: readonly AdEvent[],
  isJudged: (event: AdEvent) => boolean,
  rules: GateRules,
): Promise<ReadonlyMap<number, GateVerdict>> {
  const verdicts = new Map<number, GateVerdict>();
  const { byKey, several } = groupClicks(events, isJudged);
  if (byKey.size === 0) return verdicts;
  const groups = [...byKey.values()];
  const rows = await transaction.query<GateRow>('judge_clicks', JUDGE_CLICKS, [
    `{${[...byKey.keys()].join()}}`,
    numberArray(groups.map(({ latest }) => latest)),
    numberArray(groups.map(({ hour }) => hour)),
    numberArray(groups.map(({ ofHour }) => ofHour)),
  ]);
  // The only click of a viewer without a row is valid.
  for (const row of rows) {
    const clicks = byKey.get(row.key);
    if (clicks !== undefined) judgeGroup(events, clicks, row, rules, verdicts);
    several.delete(row.key);
  }
  for (const clicks of several.values()) judgeGroup(events, clicks, undefined, rules, verdicts);
  return verdicts;
}

/** Groups the clicks by viewer and ad. `several` has the groups with more than one click. */
function groupClicks(events: readonly AdEvent[], isJudged: (event: AdEvent) => boolean) {
  const byKey = new Map<string, Clicks>();
  const several = new Map<string, Clicks>();
  for (let place = 0; place < events.length; place += 1) {
    const event = events[place];
    if (event === undefined || !isJudged(event)) continue;
    const key = keyOf(event);
    const hour = hourOf(event);
    const clicks = byKey.get(key);
    if (clicks === undefined) {
      byKey.set(key, { places: [place], latest: event.occurredAt, hour, ofHour: 1 });
      continue;
    }
    several.set(key, clicks);
    clicks.places.push(place);
    clicks.latest = Math.max(clicks.latest, event.occurredAt);
    if (hour > clicks.hour) {
      clicks.hour = hour;
      clicks.ofHour = 1;
    } else if (hour === clicks.hour) clicks.ofHour += 1;
  }
  return { byKey, several };
}

const adHashes = new Map<string, bigint>();

/** The key of a viewer and an ad in the gate: a 64-bit integer in decimal digits. The viewer is a hash with a secret. */
function keyOf({ viewer = '', adId }: AdEvent): string {
  let ofAd = adHashes.get(adId);
  if (ofAd === undefined) {
    if (adHashes.size >= REMEMBERED_ADS) adHashes.clear();
    ofAd = hash('sha256', adId, 'buffer').readBigInt64BE();
    adHashes.set(adId, ofAd);
  }
  return (BigInt(viewer) ^ ofAd).toString();
}

function hourOf({ receivedAt }: AdEvent): number {
  return Math.floor(receivedAt / HOUR_MS);
}

/**
 * A click is a double click if the one before it, in the batch or the latest in the gate, is less than the window away. A late
 * click is compared with the latest one of the gate only, so it may be earlier. The gate counts the clicks of the newest hour: a
 * click that was received in an earlier hour is not judged as flood.
 */
function judgeGroup(
  events: readonly AdEvent[],
  { places }: Clicks,
  row: GateRow | undefined,
  { doubleClickMs, floodPerHour }: GateRules,
  verdicts: Map<number, GateVerdict>,
): void {
  const clicks = places.map((place) => ({ place, click: events[place] as AdEvent }));
  clicks.sort(({ click: a }, { click: b }) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1));
  const latest = row?.before_click ?? Number.NEGATIVE_INFINITY;
  const perHour = new Map(row === undefined ? [] : [[row.before_hour, row.before_clicks]]);
  let previous = Number.NEGATIVE_INFINITY;
  for (const { place, click } of clicks) {
    const { occurredAt } = click;
    const hour = hourOf(click);
    const ofHour = (perHour.get(hour) ?? 0) + 1;
    perHour.set(hour, ofHour);
    if (occurredAt - previous < doubleClickMs || Math.abs(occurredAt - latest) < doubleClickMs) {
      verdicts.set(place, 'double_click');
    } else if (floodPerHour > 0 && ofHour > floodPerHour && hour >= (row?.before_hour ?? hour)) {
      verdicts.set(place, 'flood');
    }
    previous = occurredAt;
  }
}
