/** `ingest` decides from the request alone; `gate` decides when the event is recorded, from the clicks before it. */
export type Decider = 'ingest' | 'gate';

/** One row of {@link VERDICTS}. */
interface VerdictRow {
  /** One sentence, for the API's documentation. */
  readonly description: string;
  readonly by: Decider;
  /** Its number in `ad_events`. A number is never used again. */
  readonly number: number;
}

const verdicts = {
  listed_ip: { description: 'The address of the viewer is on the deny list.', by: 'ingest', number: 1 },
  datacenter: { description: 'The address of the viewer belongs to a data center.', by: 'ingest', number: 2 },
  bot: { description: 'The user agent is that of a bot or a program.', by: 'ingest', number: 3 },
  no_user_agent: {
    description: 'The request has no user agent, or one of less than 8 characters.',
    by: 'ingest',
    number: 4,
  },
  proxy_flag: { description: 'A trusted proxy marked the request as invalid.', by: 'ingest', number: 5 },
  unsigned: { description: 'The tag has no signature.', by: 'ingest', number: 6 },
  bad_signature: { description: 'The signature of the tag does not match the tag.', by: 'ingest', number: 7 },
  expired: { description: 'The signature of the tag has expired.', by: 'ingest', number: 8 },
  impossible: { description: 'The play time is more than two seconds longer than the ad.', by: 'ingest', number: 9 },
  double_click: {
    description: 'The click follows another click of the same viewer on the same ad within `IVT_DOUBLE_CLICK_MS`.',
    by: 'gate',
    number: 10,
  },
  flood: {
    description: 'The viewer has more than `IVT_FLOOD_PER_HOUR` clicks on the ad in this hour.',
    by: 'gate',
    number: 11,
  },
} as const satisfies Readonly<Record<string, VerdictRow>>;

/** Why an event does not count as valid. */
export type InvalidVerdict = keyof typeof verdicts;
/** Every event has one. It is decided once, stored with the event, and never changed. */
export type Verdict = 'valid' | InvalidVerdict;
type DecidedBy<By extends VerdictRow['by']> = {
  [Name in InvalidVerdict]: (typeof verdicts)[Name] extends { readonly by: By } ? Name : never;
}[InvalidVerdict];
/** A verdict that travels with the event. */
export type IngestVerdict = DecidedBy<'ingest'>;
/** A verdict of the transaction that records the event. */
export type GateVerdict = DecidedBy<'gate'>;

/**
 * The verdicts on invalid events, in the order of the rules: the first that applies is the verdict. Valid events have none, and
 * null in `ad_events`.
 *
 * To add a verdict: add a row with the next number, and update the consumers before ingest. Consumers dead-letter events with a
 * verdict that they do not know.
 */
export const VERDICTS: Readonly<Record<InvalidVerdict, VerdictRow>> = verdicts;
export const INVALID_VERDICTS = Object.keys(verdicts) as readonly InvalidVerdict[];
export const VERDICT_NAMES: readonly Verdict[] = ['valid', ...INVALID_VERDICTS];

/** The number in `counts_per_label` under which invalid events are counted by their verdict. Valid events have no row. */
export const VERDICT_LABEL = 6;

const INGEST_VERDICTS: ReadonlySet<unknown> = new Set(
  INVALID_VERDICTS.filter((name) => verdicts[name].by === 'ingest'),
);

export function isIngestVerdict(value: unknown): value is IngestVerdict {
  return INGEST_VERDICTS.has(value);
}

/** Decimal digits of a 64-bit integer with its sign, without leading zeros. */
const WHOLE = /^(?:0|-?[1-9]\d{0,18})$/;
const WIDEST = 19;
const [LEAST, GREATEST] = ['-9223372036854775808', '9223372036854775807'];

/** True for the text form of a `bigint` of Postgres. */
export function isViewer(value: unknown): value is string {
  if (typeof value !== 'string' || !WHOLE.test(value)) return false;
  const isNegative = value.startsWith('-');
  if (value.length < WIDEST + Number(isNegative)) return true;
  return value <= (isNegative ? LEAST : GREATEST);
}
