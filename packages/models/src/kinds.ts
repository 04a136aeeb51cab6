/** A row of the table. */
interface KindRow {
  /** `k` of an event on the wire. Codes of kinds that were added later begin with a wire version, like `2s`: see `wire.ts`. */
  readonly code: string;
  /** `k` of an event with labels, which need version 2. */
  readonly labelledCode: string;
  /** The field of requests and answers that holds the id. */
  readonly idField: string;
  /** The column of the rollups that counts the kind. */
  readonly column: ValidColumn;
  /** Fields of requests that not all kinds have. */
  readonly fields: readonly EventField[];
  /** The names of the kind's own endpoint. If absent, the kind has none. */
  readonly endpoint?: KindEndpoint;
  /** Older names of the kind in VAST. */
  readonly aliases?: readonly string[];
  /**
   * Tells events of the kind in one session apart. If absent, a session has one event of the kind, however often it is reported.
   */
  readonly distinctBy?: Distinction;
}

/** One row of {@link EVENT_KINDS}. */
interface KindOfEvent extends KindRow {
  /** `k` of an event with a verdict or a viewer, with or without labels, which need version 3. */
  readonly judgedCode: string;
}

/** The parameter of a tag that tells two events apart; `fetch`: each fetch of the URL with new values is an event. */
export type Distinction = 'offset' | 'code' | 'vendor' | 'fetch';

/** The names of the endpoint `POST /api/v1/ads/<kind>`. */
interface KindEndpoint {
  /** The kind at the beginning of a sentence, and in names of schemas and operations. */
  readonly label: string;
  /** Completes "Report that an ad was …". */
  readonly participle: string;
}

/** The counts that all rollups have: per second, per minute, per quarter-hour, and in total. Sliding windows read them. */
export const TOTAL_COLUMNS = ['clicks', 'impressions'] as const;
export type TotalColumn = (typeof TOTAL_COLUMNS)[number];

/** The counts that only quarter-hours have. `others` counts the kinds without a metric of their own. */
export const VIDEO_COLUMNS = [
  'starts',
  'first_quartiles',
  'midpoints',
  'third_quartiles',
  'completes',
  'skips',
  'viewables',
  'not_viewables',
  'errors',
  'others',
] as const;

/** The columns that count valid events, each kind in one of them. */
export const VALID_COLUMNS = [...TOTAL_COLUMNS, ...VIDEO_COLUMNS] as const;
export type ValidColumn = (typeof VALID_COLUMNS)[number];

/** The columns that count invalid events: clicks, impressions, and all other kinds together. */
export const INVALID_COLUMNS = ['invalid_clicks', 'invalid_impressions', 'invalid_others'] as const;
export type InvalidColumn = (typeof INVALID_COLUMNS)[number];

/** The columns of the rollups per quarter-hour that count events. Each event counts in one of them. */
export const COUNT_COLUMNS = [...VALID_COLUMNS, ...INVALID_COLUMNS] as const;
export type CountColumn = (typeof COUNT_COLUMNS)[number];

/** Fields of requests that only some kinds have. */
export type EventField = 'video_play_time' | 'error_code';

/** A kind whose events always need wire version 2, with and without labels. */
function video<Column extends ValidColumn>(code: string, column: Column, fields: readonly EventField[] = []) {
  return { code, labelledCode: code, idField: 'event_id', column, fields } as const;
}

/** A kind that is stored, and counted together with the others. */
function other(code: string, more: Pick<KindRow, 'aliases' | 'distinctBy'> = {}) {
  return { ...video(code, 'others'), ...more } as const;
}

const kinds = {
  click: {
    code: 'c',
    labelledCode: '2c',
    idField: 'click_id',
    column: 'clicks',
    fields: ['video_play_time'],
    endpoint: { label: 'Click', participle: 'clicked' },
    distinctBy: 'fetch',
  },
  impression: {
    code: 'i',
    labelledCode: '2i',
    idField: 'impression_id',
    column: 'impressions',
    fields: [],
    endpoint: { label: 'Impression', participle: 'shown' },
  },
  // The events of VAST 4.3, by its names.
  start: video('2s', 'starts'),
  firstQuartile: video('2fq', 'first_quartiles'),
  midpoint: video('2m', 'midpoints'),
  thirdQuartile: video('2tq', 'third_quartiles'),
  complete: video('2co', 'completes'),
  skip: video('2sk', 'skips'),
  viewable: video('2v', 'viewables'),
  notViewable: video('2nv', 'not_viewables'),
  error: { ...video('2e', 'errors', ['error_code']), distinctBy: 'code' },
  viewUndetermined: other('2vu'),
  loaded: other('2lo'),
  progress: other('2pr', { distinctBy: 'offset' }),
  closeLinear: other('2cl'),
  otherAdInteraction: other('2oa'),
  mute: other('2mu'),
  unmute: other('2un'),
  pause: other('2pa'),
  resume: other('2re'),
  rewind: other('2rw'),
  playerExpand: other('2pe', { aliases: ['fullscreen'] }),
  playerCollapse: other('2pc', { aliases: ['exitFullscreen'] }),
  notUsed: other('2nu'),
  creativeView: other('2cv'),
  acceptInvitation: other('2ai'),
  acceptInvitationLinear: other('2al'),
  adExpand: other('2ae', { aliases: ['expand'] }),
  adCollapse: other('2ac', { aliases: ['collapse'] }),
  minimize: other('2mi'),
  close: other('2cs'),
  overlayViewDuration: other('2ov'),
  timeSpentViewing: other('2ts'),
  interactiveStart: other('2is'),
  verificationNotExecuted: other('2vn', { distinctBy: 'vendor' }),
  customClick: other('2cc', { distinctBy: 'fetch' }),
  iconClick: other('2ic', { distinctBy: 'fetch' }),
  iconView: other('2iv', { distinctBy: 'fetch' }),
} as const satisfies Readonly<Record<string, KindRow>>;

/** The kind of an event. All kinds take the same path, with the same guarantees. */
export type EventKind = keyof typeof kinds;

/** The wire version of events with a verdict or a viewer. */
const JUDGED = 3;

/** A kind of a later version needs no second code: its readers read verdicts and viewers. */
function judgedCode(code: string): string {
  return Number.parseInt(code, 10) >= JUDGED ? code : `${JUDGED}${code.replace(/^\d+/, '')}`;
}

/**
 * The kinds of events.
 *
 * To add a kind: add a row here, with a code that begins with the next wire version. A kind with a metric of its own also needs a
 * migration that adds its column. Migrate, then update the consumers, then ingest.
 */
export const EVENT_KINDS = Object.fromEntries(
  Object.entries(kinds).map(([kind, row]) => [kind, { ...row, judgedCode: judgedCode(row.code) }]),
) as Readonly<Record<EventKind, KindOfEvent>>;

/** In the order of the table. */
export const KINDS = Object.keys(kinds) as readonly EventKind[];

const KINDS_BY_NAME: ReadonlyMap<string, EventKind> = new Map(
  KINDS.flatMap((kind) =>
    [kind, ...(EVENT_KINDS[kind].aliases ?? [])].map((name) => [name.toLowerCase(), kind] as const),
  ),
);

/** The kind with this name or alias, in any letter case; undefined for any other text. */
export function kindNamed(name: string): EventKind | undefined {
  return KINDS_BY_NAME.get(name.toLowerCase());
}

/** The kinds with the endpoint `POST /api/v1/ads/<kind>`. */
export type EndpointKind = {
  [Kind in EventKind]: (typeof kinds)[Kind] extends { readonly endpoint: KindEndpoint } ? Kind : never;
}[EventKind];

/** {@link EndpointKind} with the names of their endpoints, in the order of the table. */
export const KIND_ENDPOINTS = Object.fromEntries(
  Object.entries(kinds).flatMap(([kind, row]) => ('endpoint' in row ? [[kind, row.endpoint]] : [])),
) as Readonly<Record<EndpointKind, KindEndpoint>>;
export const ENDPOINT_KINDS = Object.keys(KIND_ENDPOINTS) as readonly EndpointKind[];

/** A record that has a value for each kind. */
export function perKind<T>(of: (kind: EventKind) => T): Record<EventKind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Record<EventKind, T>;
}

/** A record that has a value for each count that all rollups have. */
export function perColumn<T>(of: (column: TotalColumn) => T): Record<TotalColumn, T> {
  return { clicks: of('clicks'), impressions: of('impressions') };
}

/** A record that has a value for each kind with an endpoint. */
export function perEndpointKind<T>(of: (kind: EndpointKind) => T): Record<EndpointKind, T> {
  return Object.fromEntries(ENDPOINT_KINDS.map((kind) => [kind, of(kind)])) as Record<EndpointKind, T>;
}

/** The column that counts invalid events of a kind. */
export function invalidColumn(kind: EventKind): InvalidColumn {
  const { column } = EVENT_KINDS[kind];
  return column === 'clicks' || column === 'impressions' ? `invalid_${column}` : 'invalid_others';
}

/** The kinds that a column counts, valid or invalid. */
export function kindsIn(column: CountColumn): readonly EventKind[] {
  return KINDS.filter((kind) => EVENT_KINDS[kind].column === column || invalidColumn(kind) === column);
}
