/** One row of {@link EVENT_KINDS}. */
interface KindOfEvent {
  /** `k` of an event on the wire. Codes of kinds that were added later begin with a wire version, like `2s`: see `wire.ts`. */
  readonly code: string;
  /** The field of requests and answers that holds the id. */
  readonly idField: string;
  /** The kind at the beginning of a sentence, and in names of schemas and operations. */
  readonly label: string;
  /** In names of metrics: `ad_<plural>_total`. */
  readonly plural: string;
  /** Completes "Report that an ad was …". */
  readonly participle: string;
  /** Fields of requests that not all kinds have. */
  readonly fields: readonly EventField[];
  /** The column of `ad_totals`, and of the rollups of the windows, that counts the kind. If absent, no column counts it. */
  readonly total?: TotalColumn;
}

/** Columns of `ad_totals`. The sliding windows hold the same counts. */
export const TOTAL_COLUMNS = ['clicks', 'impressions'] as const;
export type TotalColumn = (typeof TOTAL_COLUMNS)[number];

/** Fields of requests that only some kinds have. */
export type EventField = 'video_play_time';

const kinds = {
  click: {
    code: 'c',
    idField: 'click_id',
    label: 'Click',
    plural: 'clicks',
    participle: 'clicked',
    fields: ['video_play_time'],
    total: 'clicks',
  },
  impression: {
    code: 'i',
    idField: 'impression_id',
    label: 'Impression',
    plural: 'impressions',
    participle: 'shown',
    fields: [],
    total: 'impressions',
  },
} as const satisfies Readonly<Record<string, KindOfEvent>>;

/** The kind of an event. All kinds take the same path, with the same guarantees. */
export type EventKind = keyof typeof kinds;

/**
 * The kinds of events. Each gets the path `POST /api/v1/ads/<kind>`.
 *
 * To add a kind: add a row here, with a code that begins with the next wire version, and a migration that replaces the
 * check of `ad_events.kind`. Migrate, then update the consumers, then ingest.
 */
export const EVENT_KINDS: Readonly<Record<EventKind, KindOfEvent>> = kinds;

/** In the order of the table. */
export const KINDS = Object.keys(kinds) as readonly EventKind[];

/** A record that has a value for each kind. */
export function perKind<T>(of: (kind: EventKind) => T): Record<EventKind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Record<EventKind, T>;
}

/** A record that has a value for each column of `ad_totals`. */
export function perColumn<T>(of: (column: TotalColumn) => T): Record<TotalColumn, T> {
  return { clicks: of('clicks'), impressions: of('impressions') };
}

/** The kinds that a column of `ad_totals` counts. */
export function kindsIn(column: TotalColumn): readonly EventKind[] {
  return KINDS.filter((kind) => EVENT_KINDS[kind].total === column);
}
