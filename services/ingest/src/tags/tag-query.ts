import { ownText } from '@ads/contract';
import { isUnfilled } from './macro-values.js';

/** The macros of VAST that tags ask for: the closed list of the label `macro`. */
export const MACROS = ['TIMESTAMP', 'CACHEBUSTING', 'ADPLAYHEAD', 'ERRORCODE', 'REASON', 'ADSERVINGID'] as const;
export type Macro = (typeof MACROS)[number];

/** The parameters that tags read. A tag may also have other ones, which are ignored. */
export type TagParameter =
  | 'ad_id'
  /** Session: a UUIDv7 that `/vast` made. */
  | 'sid'
  /** Signature of ad, session and placement. */
  | 'sg'
  | 'placement'
  | 'source'
  | 'sub1'
  | 'sub2'
  | 'sub3'
  | 'sub4'
  | 'sub5'
  /** `[CACHEBUSTING]` */
  | 'cb'
  /** `[TIMESTAMP]` */
  | 'ts'
  /** `[ADPLAYHEAD]` */
  | 'ph'
  /** `[ERRORCODE]` */
  | 'code'
  /** `[REASON]` */
  | 'reason'
  /** The offset of the event `progress`. */
  | 'offset'
  /** The vendor of the event `verificationNotExecuted`. */
  | 'vendor'
  /** `[ADSERVINGID]` */
  | 'asid'
  /** `b`: the answer to a pixel is 204. */
  | 'f';

/** The parameters that have a value, decoded: any text of up to 2,048 characters, not empty. The others are undefined. */
export type TagQuery = Readonly<Partial<Record<TagParameter, string | undefined>>>;

/** A row of the table of names. */
interface Named {
  readonly parameter: TagParameter;
  /** A bit of its own for each parameter. */
  readonly bit: number;
  readonly macro?: Macro;
}

/** The parameters by the names that they have in a URL. URLs that `/vast` writes have the short names. */
const NAMES: ReadonlyMap<string, Named> = new Map(
  (
    [
      [['ad_id']],
      [['sid']],
      [['sg']],
      [['placement', 'pl']],
      [['source', 'src']],
      [['sub1']],
      [['sub2']],
      [['sub3']],
      [['sub4']],
      [['sub5']],
      [['cb'], 'CACHEBUSTING'],
      [['ts'], 'TIMESTAMP'],
      [['ph'], 'ADPLAYHEAD'],
      [['code'], 'ERRORCODE'],
      [['reason'], 'REASON'],
      [['offset']],
      [['vendor']],
      [['asid'], 'ADSERVINGID'],
      [['f']],
    ] as const
  ).flatMap(([names, macro], index) =>
    names.map((name): [string, Named] => [
      name,
      { parameter: names[0], bit: 1 << index, ...(macro === undefined ? {} : { macro }) },
    ]),
  ),
);

const SHORT = 4;

/** The names of up to {@link SHORT} characters as numbers: these are found without a copy of the name, in a third of the time. */
const SHORT_NAMES: ReadonlyMap<number, Named> = new Map(
  [...NAMES].flatMap(([name, named]) =>
    name.length > SHORT ? [] : [[numberOf(name, 0, name.length), named] as const],
  ),
);

/** The characters as one number, a different one for each ASCII text of up to {@link SHORT} characters. */
function numberOf(text: string, from: number, end: number): number {
  let number = 0;
  for (let at = from; at < end; at += 1) number = (number << 8) | text.charCodeAt(at);
  return number;
}

function namedAt(query: string, from: number, end: number): Named | undefined {
  return end - from > SHORT ? NAMES.get(query.slice(from, end)) : SHORT_NAMES.get(numberOf(query, from, end));
}

/** Has all parameters, because V8 reads and writes objects of many shapes more slowly. */
function emptyQuery(): Record<TagParameter, string | undefined> {
  return {
    ad_id: undefined,
    sid: undefined,
    placement: undefined,
    source: undefined,
    sub1: undefined,
    sub2: undefined,
    sub3: undefined,
    sub4: undefined,
    sub5: undefined,
    cb: undefined,
    ts: undefined,
    ph: undefined,
    code: undefined,
    reason: undefined,
    offset: undefined,
    vendor: undefined,
    asid: undefined,
    f: undefined,
    sg: undefined,
  };
}

/** Parameters that are read, and the longest value in characters. What is beyond is ignored. */
const MOST_PARAMETERS = 100;
const LONGEST_VALUE = 2_048;

/**
 * Reads the query of a tag. If a parameter is repeated, the first one counts. A value is left out if it is empty, an unfilled
 * macro, too long, or not valid percent-encoded UTF-8: a pixel with one broken parameter is counted without it.
 *
 * @param query without the question mark, percent-encoded: ASCII, as the parser of HTTP refuses other bytes
 * @param onUnfilled called for each macro that the player has not filled
 */
export function readTagQuery(query: string, onUnfilled: (macro: Macro) => void): TagQuery {
  const found = emptyQuery();
  let seen = 0;
  for (let from = 0, parameters = 0; from < query.length && parameters < MOST_PARAMETERS; parameters += 1) {
    const ampersand = query.indexOf('&', from);
    const end = ampersand === -1 ? query.length : ampersand;
    const equals = query.indexOf('=', from);
    const named = equals === -1 || equals > end ? undefined : namedAt(query, from, equals);
    from = end + 1;
    if (named === undefined || (seen & named.bit) !== 0) continue;
    seen |= named.bit;
    const { parameter, macro } = named;
    const value = parameter === 'ad_id' ? adIdOf(query.slice(equals + 1, end)) : decoded(query.slice(equals + 1, end));
    if (value === undefined) continue;
    if (!isUnfilled(value)) found[parameter] = value;
    else if (macro !== undefined) onUnfilled(macro);
  }
  return found;
}

function decoded(text: string): string | undefined {
  if (text.length > LONGEST_VALUE) return undefined;
  return unescaped(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

/** An ad id has no spaces, so a `+` in it is a `+`. Copied, because ids are kept in memory longer than the URL. */
function adIdOf(text: string): string | undefined {
  const id = text.length > LONGEST_VALUE ? undefined : unescaped(text);
  return id === undefined ? undefined : ownText(id);
}

/** Undefined for an invalid percent-encoding, such as that of Latin-1. */
function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
