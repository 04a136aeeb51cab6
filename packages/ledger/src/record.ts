import {
  type AdEvent,
  COUNTED_LABELS,
  EVENT_LABEL_NAMES,
  type EventKind,
  fillInKinds,
  type GateVerdict,
  INVALID_VERDICTS,
  type InvalidVerdict,
  kindsIn,
  LEAST_MINUTES_KEPT,
  type LedgerIdentity,
  perColumn,
  perKind,
  SECONDS_KEPT,
  TOTAL_COLUMNS,
  type TotalColumn,
  VALID_COLUMNS,
  VERDICTS,
} from '@ads/models';
import { numberArray, sparseArray, sparseTextArray, textArray } from './array-literals.js';
import type { AdCounts } from './counts.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const TEXT = readText('sql/record-batch.sql');
const RECORD_BATCH = fillInKinds(TEXT);
/** For batches without invalid events: it counts fewer columns, which saves 5 % of the time. */
const RECORD_VALID = fillInKinds(TEXT, VALID_COLUMNS);

const KINDS_IN_TOTALS: ReadonlySet<EventKind> = new Set(TOTAL_COLUMNS.flatMap(kindsIn));

/** The effects of one batch on Postgres. */
export interface Recorded {
  /** The identity of the ledger, read in the same transaction; undefined if the database has none. */
  readonly ledger: LedgerIdentity | undefined;
  /**
   * The absolute counts of every kept bucket that the batch touches, by ad, including buckets that it added nothing to. An ad
   * whose events are all older than the kept minutes has totals only.
   */
  readonly counts: readonly AdCounts[];
  /** Number of new events, valid or not. */
  readonly added: Readonly<Record<EventKind, number>>;
  /** The invalid ones of them. */
  readonly invalid: readonly InvalidEvents[];
  /** Ids of events with a session and a viewer that were stored before. */
  readonly repeated: ReadonlySet<string>;
  /** Ads that are not in the catalogue; their events were not recorded. */
  readonly unknownAds: ReadonlySet<string>;
}

/** New invalid events of a kind with the same verdict. */
export interface InvalidEvents {
  readonly kind: EventKind;
  readonly verdict: InvalidVerdict;
  readonly events: number;
}

const VERDICT_NAMES: ReadonlyMap<number, InvalidVerdict> = new Map(
  INVALID_VERDICTS.map((name) => [VERDICTS[name].number, name]),
);

/** Columns of equal length; all of them are null if the part is empty. */
interface ResultRow {
  what: 'seconds' | 'minutes' | 'totals' | 'added' | 'repeated' | 'ledger';
  /** The counted column, for seconds and minutes. */
  counted: TotalColumn | null;
  /** Ad ids; of `added`, kinds; of `repeated`, ids; of `ledger`, its identity. */
  names: string[] | null;
  counts: number[] | null;
  /** Buckets; of `totals`, impressions; of `added`, numbers of verdicts. */
  others: (number | null)[] | null;
}

export interface RecordOptions {
  /** Written to `counter_doubts` in the same transaction, for a batch that would not be redelivered after a crash. */
  readonly doubt?: string | undefined;
  /** The identity of the ledger that has the values of the labels, empty if it has none. In another ledger nothing is recorded. */
  readonly ledger?: string | undefined;
  /** Minutes for which counts per minute are kept. Default: as many as windows need. */
  readonly minutesKept?: number;
  /**
   * Verdicts of the gate on events without one, by their places in the batch. The batch is converted while Postgres advances the
   * gate: with 20,000 events, both take some 20 ms.
   */
  readonly verdicts?: Promise<ReadonlyMap<number, GateVerdict>>;
}

/**
 * Writes a batch of events and their rollups in one transaction. An event that is stored already changes nothing.
 *
 * @throws the errors of `query`. Then either nothing was written, or everything was and only the answer was lost
 */
export async function recordBatch(
  database: Database,
  events: readonly AdEvent[],
  { doubt, ledger, minutesKept = LEAST_MINUTES_KEPT, verdicts: judging }: RecordOptions = {},
): Promise<Recorded> {
  const hasLabels = events.some(
    ({ labels }) => labels !== undefined && COUNTED_LABELS.some((name) => labels[name] !== undefined),
  );
  const columns = [
    textArray(events.map((event) => event.id)),
    textArray(events.map((event) => event.kind)),
    textArray(events.map((event) => event.adId)),
    textArray(events.map((event) => event.ip)),
    numberArray(events.map((event) => event.occurredAt)),
    numberArray(events.map((event) => event.receivedAt)),
    sparseArray(events.map((event) => event.claimedAt)),
    sparseArray(events.map((event) => event.playTimeMs)),
    doubt ?? null,
    SECONDS_KEPT,
    minutesKept,
    ...EVENT_LABEL_NAMES.map((name) => sparseTextArray(events.map(({ labels }) => labels?.[name]))),
  ];
  const viewers = sparseArray(events.map(({ viewer }) => viewer));
  const verdicts = await judging;
  const hasInvalid = (verdicts?.size ?? 0) > 0 || events.some(({ verdict }) => verdict !== undefined);
  const rows = await database.query<ResultRow>('record_batch', hasInvalid ? RECORD_BATCH : RECORD_VALID, [
    ...columns,
    hasInvalid || events.some(({ kind }) => !KINDS_IN_TOTALS.has(kind)),
    hasLabels,
    ledger ?? null,
    hasInvalid ? verdictArray(events, verdicts) : '{}',
    viewers,
  ]);
  return readRows(rows, events);
}

function verdictArray(events: readonly AdEvent[], ofGate: ReadonlyMap<number, GateVerdict> | undefined): string {
  const numberOf = (verdict: InvalidVerdict | undefined) => verdict && VERDICTS[verdict].number;
  return sparseArray(events.map(({ verdict }, place) => numberOf(verdict ?? ofGate?.get(place))));
}

function readRows(rows: readonly ResultRow[], events: readonly AdEvent[]): Recorded {
  const counts = new Map<string, AdCounts>();
  const added = perKind(() => 0);
  const invalid: InvalidEvents[] = [];
  let repeated: ReadonlySet<string> = new Set();
  let ledger: LedgerIdentity | undefined;
  const countsOf = (adId: string): AdCounts => {
    let ad = counts.get(adId);
    if (ad === undefined) {
      ad = { adId, clicks: 0, impressions: 0, seconds: perColumn(() => []), minutes: perColumn(() => []) };
      counts.set(adId, ad);
    }
    return ad;
  };
  for (const { what, counted, names, counts: column, others } of rows) {
    if (what === 'ledger') {
      ledger = names?.[0] ?? undefined;
      continue;
    }
    if (what === 'repeated') {
      repeated = new Set(names);
      continue;
    }
    for (const [index, name] of (names ?? []).entries()) {
      const count = column?.[index] ?? 0;
      const other = others?.[index] ?? 0;
      if (what === 'added') {
        const kind = name as EventKind;
        added[kind] += count;
        const verdict = VERDICT_NAMES.get(other);
        if (verdict !== undefined) invalid.push({ kind, verdict, events: count });
      } else if (what === 'totals') Object.assign(countsOf(name), { clicks: count, impressions: other });
      else if (counted !== null) countsOf(name)[what][counted].push([other, count]);
    }
  }
  // The result has the totals of every known ad.
  const unknownAds = new Set(events.map(({ adId }) => adId).filter((adId) => !counts.has(adId)));
  return { ledger, counts: [...counts.values()], added, invalid, repeated, unknownAds };
}
