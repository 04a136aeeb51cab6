import { type AdEvent, decisionRules, fillInKinds, type GateVerdict, kindsIn } from '@ads/models';
import { textArray } from './array-literals.js';
import type { Database, RecordingDatabase } from './dependencies.js';
import { readText } from './files.js';
import { type GateRules, judgeClicks } from './judge-clicks.js';
import { type Recorded, type RecordOptions, recordBatch } from './record.js';

/*
 * The gate finds double clicks and floods of clicks. It judges clicks whose viewer is known and to which ingest has no objection.
 *
 * A batch with such clicks is recorded by two statements of one transaction:
 *
 * 1. `judge-clicks.sql` locks the rows of the gate of these viewers and ads, advances them, and returns their earlier contents, by
 *    which the clicks are judged. A batch with clicks of the same viewers and ads, in any process, waits here until the transaction
 *    ends.
 * 2. `record-batch.sql` stores the clicks with their verdicts.
 *
 * The first statement assumes that every click is new. If the second one inserts fewer, some were stored already, or their ad is
 * unknown: the transaction is rolled back, and repeated without judging those. So the gate is advanced by exactly the clicks that
 * were inserted, and a click is judged once, against the clicks that were recorded before it, however often it is delivered. Only
 * repeated batches and those with unknown ads pay for that.
 */

const READ_STORED_CLICKS = fillInKinds(readText('sql/read-stored-clicks.sql'));

/** Attempts to record a batch while other processes record some of its clicks. */
const ATTEMPTS = 5;
const CLICKS = new Set(kindsIn('clicks'));

/** The rules of the gate as reports name them. @param rules undefined if the gate is off */
export function gateRulesInForce(rules: GateRules | undefined) {
  const { doubleClickMs = 0, floodPerHour = 0 } = rules ?? {};
  return decisionRules('gate', { double_click_ms: doubleClickMs, flood_per_hour: floodPerHour });
}

/** A batch in which each click occurs once. */
export interface GateBatch {
  readonly events: readonly AdEvent[];
  /** Number of different ids of its clicks. */
  readonly ids: number;
}

/**
 * Removes repetitions of clicks from a batch: the gate would take the second for a double click, and another viewer may repeat
 * it. The first delivery stays.
 *
 * @returns undefined if the gate has nothing to judge
 */
export function batchForGate(batch: readonly AdEvent[]): GateBatch | undefined {
  if (!batch.some(passesGate)) return undefined;
  const ids = new Set<string>();
  let clicks = 0;
  for (const { kind, id } of batch) {
    if (!CLICKS.has(kind)) continue;
    ids.add(id);
    clicks += 1;
  }
  return { events: ids.size === clicks ? batch : withoutRepetitions(batch), ids: ids.size };
}

function withoutRepetitions(batch: readonly AdEvent[]): readonly AdEvent[] {
  const seen = new Set<string>();
  return batch.filter(({ kind, id, adId }) => {
    if (!CLICKS.has(kind)) return true;
    const before = seen.size;
    // An id may be repeated for another ad, which may be the only one that exists.
    return seen.add(`${id} ${adId}`).size > before;
  });
}

function passesGate({ kind, viewer, verdict }: AdEvent): boolean {
  return viewer !== undefined && verdict === undefined && CLICKS.has(kind);
}

/** Clicks that are not judged, because they would not be inserted. */
interface Passed {
  /** The ids of stored clicks. */
  readonly ids: ReadonlySet<string>;
  /** Unknown ads. */
  readonly ads: ReadonlySet<string>;
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
  let passed: Passed = { ids: new Set(), ads: new Set() };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const without = passed;
    const isOfLedger = ({ ledger }: Recorded) => options.ledger === undefined || options.ledger === (ledger ?? '');
    const isExact = (recorded: Recorded) => hasJudgedInserted(batch, recorded, without);
    const recorded = await database.transaction(
      'record_batch',
      async (transaction) => {
        const verdicts = judge(transaction, batch, without, rules);
        return await recordBatch(transaction, batch.events, { ...options, verdicts });
      },
      (result) => isOfLedger(result) && isExact(result),
    );
    if (!isOfLedger(recorded) || isExact(recorded)) return recorded;
    passed = { ids: await readStoredClicks(database, batch), ads: recorded.unknownAds };
  }
  throw new Error('other processes recorded clicks of the batch at each attempt');
}

/** True if the clicks that were judged are those that were inserted. */
function hasJudgedInserted({ events, ids }: GateBatch, { added, unknownAds }: Recorded, { ids: stored, ads }: Passed) {
  const inserted = kindsIn('clicks').reduce((sum, kind) => sum + added[kind], 0);
  if (unknownAds.size === 0 && ads.size === 0 && stored.size === 0) return inserted === ids;
  if (events.some((event) => passesGate(event) && ads.has(event.adId) !== unknownAds.has(event.adId))) return false;
  const expected = events.filter(({ kind, id, adId }) => CLICKS.has(kind) && !unknownAds.has(adId) && !stored.has(id));
  return inserted === new Set(expected.map(({ id }) => id)).size;
}

async function readStoredClicks(database: Database, { events }: GateBatch): Promise<ReadonlySet<string>> {
  const ids = events.filter(({ kind }) => CLICKS.has(kind)).map(({ id }) => id);
  const rows = await database.query<{ id: string }>('read_stored_clicks', READ_STORED_CLICKS, [textArray(ids)]);
  return new Set(rows.map(({ id }) => id));
}

async function judge(
  transaction: Database,
  { events }: GateBatch,
  { ids, ads }: Passed,
  rules: GateRules,
): Promise<ReadonlyMap<number, GateVerdict>> {
  const isJudged = (event: AdEvent) => passesGate(event) && !ids.has(event.id) && !ads.has(event.adId);
  return await judgeClicks(transaction, events, isJudged, rules);
}
