import { type AdEvent, decisionRules, kindsIn } from '@ads/models';
import type { RecordingDatabase } from './dependencies.js';
import { type GateRules, judgeClicks } from './judge-clicks.js';
import { clickName, type Recorded, type RecordOptions, recordBatch } from './record.js';

/*
 * The gate finds double clicks and floods of clicks. It judges clicks whose viewer is known and to which ingest has no objection.
 *
 * A batch with such clicks is recorded by up to three statements of one transaction:
 *
 * 1. `judge-clicks.sql` locks the rows of the gate of these viewers and ads, advances them, and returns their earlier contents, by
 *    which the clicks are judged. A batch with clicks of the same viewers and ads, in any process, waits here until the transaction
 *    ends.
 * 2. `record-batch.sql` stores the clicks with their verdicts, and returns those that were stored already.
 * 3. `correct-gate.sql` undoes what the clicks that were not inserted did to the gate: those that were stored already, and those of
 *    unknown ads. Other batches do not need it.
 *
 * The first statement assumes that every click is new. A click that is not may have changed the verdicts of other clicks of its
 * viewer in the batch. The transaction is then rolled back, and repeated without judging such clicks. So the gate is advanced by
 * exactly the clicks that were inserted, and a click is judged once, against the clicks that were recorded before it, however
 * often it is delivered.
 */

/** Attempts to record a batch while other processes record some of its clicks. */
const ATTEMPTS = 5;
const CLICKS = new Set(kindsIn('clicks'));

/** The rules of the gate as reports name them. @param rules undefined if the gate is off */
export function gateRulesInForce(rules: GateRules | undefined) {
  const { doubleClickMs = 0, floodPerHour = 0 } = rules ?? {};
  return decisionRules('gate', { double_click_ms: doubleClickMs, flood_per_hour: floodPerHour });
}

/**
 * Removes repetitions of clicks from a batch: the gate would take the second for a double click, and another viewer may repeat
 * it. The first delivery stays.
 *
 * @returns undefined if the gate has nothing to judge
 */
export function batchForGate(batch: readonly AdEvent[]): readonly AdEvent[] | undefined {
  if (!batch.some(passesGate)) return undefined;
  const ids = new Set<string>();
  let clicks = 0;
  for (const { kind, id } of batch) {
    if (!CLICKS.has(kind)) continue;
    ids.add(id);
    clicks += 1;
  }
  return ids.size === clicks ? batch : withoutRepetitions(batch);
}

function withoutRepetitions(batch: readonly AdEvent[]): readonly AdEvent[] {
  const seen = new Set<string>();
  return batch.filter((event) => {
    if (!CLICKS.has(event.kind)) return true;
    const before = seen.size;
    // An id may be repeated for another ad, which may be the only one that exists.
    return seen.add(clickName(event)).size > before;
  });
}

function passesGate({ kind, viewer, verdict }: AdEvent): boolean {
  return viewer !== undefined && verdict === undefined && CLICKS.has(kind);
}

/**
 * Records a batch. Its options name the ledger as for {@link recordBatch}: in another one nothing is recorded, and the gate stays
 * as it is.
 *
 * @param events a batch in which each click occurs once, see {@link batchForGate}
 * @throws the errors of `transaction`; recording the batch again is safe
 */
export async function recordThroughGate(
  database: RecordingDatabase,
  events: readonly AdEvent[],
  rules: GateRules,
  options: RecordOptions,
): Promise<Recorded> {
  /** The names of clicks that are not judged, because they would not be inserted. */
  let passed: ReadonlySet<string> = new Set();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const without = passed;
    const isJudged = (event: AdEvent) => passesGate(event) && (without.size === 0 || !without.has(clickName(event)));
    const isOfLedger = ({ ledger }: Recorded) => options.ledger === undefined || options.ledger === (ledger ?? '');
    const { recorded, isExact } = await database.transaction(
      'record_batch',
      async (transaction) => {
        const judging = judgeClicks(transaction, events, isJudged, rules);
        const verdicts = judging.then((judgement) => judgement.verdicts);
        const recorded = await recordBatch(transaction, events, { ...options, verdicts });
        const isNew = (event: AdEvent) => isInserted(event, recorded);
        // Inserted, although it was not judged.
        const isUnjudged = (event: AdEvent) => passesGate(event) && without.has(clickName(event)) && isNew(event);
        if (!isOfLedger(recorded) || (without.size > 0 && events.some(isUnjudged))) return { recorded, isExact: false };
        return { recorded, isExact: hasInsertedAll(recorded) || (await (await judging).settle(isNew)) };
      },
      (result) => result.isExact,
    );
    if (isExact || !isOfLedger(recorded)) return recorded;
    passed = new Set(events.filter((event) => passesGate(event) && !isInserted(event, recorded)).map(clickName));
  }
  throw new Error('other processes recorded clicks of the batch at each attempt');
}

function hasInsertedAll({ storedClicks, unknownAds }: Recorded): boolean {
  return storedClicks.size === 0 && unknownAds.size === 0;
}

function isInserted(event: AdEvent, { storedClicks, unknownAds }: Recorded): boolean {
  return !unknownAds.has(event.adId) && !storedClicks.has(clickName(event));
}
