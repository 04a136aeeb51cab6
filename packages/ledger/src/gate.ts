import { type AdEvent, decisionRules, fillInKinds, type GateVerdict, kindsIn, VERDICTS } from '@ads/models';
import { numberArray, textArray } from './array-literals.js';
import type { Database, RecordingDatabase } from './dependencies.js';
import { readText } from './files.js';
import { type JudgedEvent, type Recorded, type RecordOptions, recordBatch } from './record.js';

/*
 * The gate finds double clicks and floods of clicks. It judges clicks whose viewer is known and to which ingest has no objection.
 *
 * A batch with such clicks is recorded by two statements of one transaction:
 *
 * 1. `judge-clicks.sql` locks the rows of the gate of these viewers and ads, advances them, and judges the clicks by what the rows
 *    held before. A batch that has clicks of the same ones, in any process, waits here until the transaction ends.
 * 2. `record-batch.sql` stores the clicks with their verdicts.
 *
 * The first statement takes every click for new. If the second one inserts fewer, some were stored already: the transaction is
 * rolled back, and repeated without judging the stored ones. So the gate is advanced by exactly the clicks that were inserted, and
 * a click is judged once, against the clicks that were recorded before it, however often it is delivered. Only repeated batches pay
 * for that.
 */

const JUDGE_CLICKS = fillInKinds(readText('sql/judge-clicks.sql'));
const READ_STORED_CLICKS = fillInKinds(readText('sql/read-stored-clicks.sql'));

/** Attempts to record a batch while other processes record some of its clicks. */
const ATTEMPTS = 5;
const HOUR_MS = 3_600_000;
const CLICKS = new Set(kindsIn('clicks'));
const VERDICT_OF: ReadonlyMap<number, GateVerdict> = new Map(
  (['double_click', 'flood'] as const).map((name) => [VERDICTS[name].number, name]),
);

/** The rules of the gate. */
export interface GateRules {
  /** A click less than this time after another one of the same viewer on the same ad is a double click. 0 disables the rule. */
  readonly doubleClickMs: number;
  /** Valid clicks of a viewer on an ad in a clock hour, by the time of receipt; further ones are a flood. 0 disables the rule. */
  readonly floodPerHour: number;
}

/** The rules of the gate as reports name them. @param rules undefined if the gate is off */
export function gateRulesInForce(rules: GateRules | undefined) {
  const { doubleClickMs = 0, floodPerHour = 0 } = rules ?? {};
  return decisionRules('gate', { double_click_ms: doubleClickMs, flood_per_hour: floodPerHour });
}

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
 * Records a batch. Its options name the ledger as for {@link recordBatch}: in another one nothing is recorded, and the gate stays
 * as it is.
 *
 * @throws the errors of `transaction`; recording the batch again is safe
 */
export async function recordThroughGate(
  database: RecordingDatabase,
  batch: GateBatch,
  rules: GateRules,
  options: RecordOptions,
): Promise<Recorded> {
  let stored: ReadonlySet<string> = new Set();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const judged = stored;
    const isOfLedger = ({ ledger }: Recorded) => options.ledger === undefined || options.ledger === (ledger ?? '');
    const isComplete = (recorded: Recorded) => countNew(recorded) === countExpected(batch, recorded.unknownAds, judged);
    const recorded = await database.transaction(
      'record_batch',
      async (transaction) =>
        await recordBatch(transaction, await judgeClicks(transaction, batch, judged, rules), options),
      (result) => isOfLedger(result) && isComplete(result),
    );
    if (!isOfLedger(recorded) || isComplete(recorded)) return recorded;
    stored = await readStoredClicks(database, batch);
  }
  throw new Error('other processes recorded clicks of the batch at each attempt');
}

function countNew({ added }: Recorded): number {
  return kindsIn('clicks').reduce((sum, kind) => sum + added[kind], 0);
}

/** The clicks that must be new if only these are stored. An id counts once. */
function countExpected({ events }: GateBatch, unknownAds: ReadonlySet<string>, stored: ReadonlySet<string>): number {
  const clicks = events.filter(({ kind, id, adId }) => CLICKS.has(kind) && !unknownAds.has(adId) && !stored.has(id));
  return new Set(clicks.map(({ id }) => id)).size;
}

async function readStoredClicks(database: Database, { events }: GateBatch): Promise<ReadonlySet<string>> {
  const ids = events.filter(({ kind }) => CLICKS.has(kind)).map(({ id }) => id);
  const rows = await database.query<{ id: string }>('read_stored_clicks', READ_STORED_CLICKS, [textArray(ids)]);
  return new Set(rows.map(({ id }) => id));
}

/** Judges the clicks of a batch that are not stored, and advances the gate. @returns the events with their verdicts */
async function judgeClicks(
  transaction: Database,
  { events, clicks }: GateBatch,
  stored: ReadonlySet<string>,
  { doubleClickMs, floodPerHour }: GateRules,
): Promise<readonly JudgedEvent[]> {
  const fresh = stored.size === 0 ? clicks : clicks.filter(({ id }) => !stored.has(id));
  if (fresh.length === 0) return events;
  const rows = await transaction.query<{ place: number; verdict: number }>('judge_clicks', JUDGE_CLICKS, [
    textArray(fresh.map(({ id }) => id)),
    textArray(fresh.map(({ adId }) => adId)),
    `{${fresh.map(({ viewer }) => viewer).join()}}`,
    numberArray(fresh.map(({ occurredAt }) => occurredAt)),
    numberArray(fresh.map(({ receivedAt }) => Math.floor(receivedAt / HOUR_MS))),
    doubleClickMs,
    floodPerHour,
  ]);
  if (rows.length === 0) return events;
  const verdicts = new Map(rows.map(({ place, verdict }) => [fresh[place - 1], VERDICT_OF.get(verdict)]));
  return events.map((event) => {
    const verdict = verdicts.get(event as Click);
    return verdict === undefined ? event : { ...event, verdict };
  });
}
