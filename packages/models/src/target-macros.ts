/** Names that a target URL may have in braces. A click replaces each of them by its value. */
export const TARGET_MACROS = [
  'click_id',
  'ad_id',
  'campaign',
  'placement',
  'sid',
  'ts',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
] as const;
export type TargetMacro = (typeof TARGET_MACROS)[number];

/** Macros in one target, and characters of a value: without these limits a short request could get a response of megabytes. */
export const MOST_TARGET_MACROS = 20;
export const LONGEST_MACRO_VALUE = 512;

/** A target URL, cut at its macros: `literals[0]`, `macros[0]`, `literals[1]`, and so on. It ends with a literal. */
export interface TargetParts {
  /** Printable ASCII. The first one has the scheme and the host. */
  readonly literals: readonly [string, ...string[]];
  readonly macros: readonly TargetMacro[];
}

/**
 * The result of reading a text as a target. New ads need the state `target`. Ads that were written by SQL may have any text: a
 * `repaired` one is safe to use, because everything except macros was percent-encoded; an `unsafe` one cannot be used.
 */
export type TargetReading =
  | { readonly state: 'target'; readonly parts: TargetParts }
  | { readonly state: 'repaired'; readonly parts: TargetParts; readonly problem: string }
  | { readonly state: 'unsafe'; readonly problem: string };

/**
 * Scheme and authority, which end at the first `/`, `?` or `#`. Browsers skip further slashes and take a backslash for a slash,
 * where other clients do not, so the authority must not be empty or end with a backslash.
 */
const HEAD = /^https?:\/\/[^/\\?#]+(?![^/?#])/i;
/** Split by this, a text alternates between literals and names. */
const MACRO = /\{(\w{1,32})\}/;
const SURROGATES = /\p{Cs}/gu;
const UNPRINTABLE = /[^!-~]+/gu;
const PRINTABLE = /^[!-~]*$/;

const HOW_TO_ENCODE = 'percent-encode braces as %7B and %7D';
const NO_HOST = 'must begin with http:// or https:// and a host, followed by /, ? or #';

/**
 * Reads a target URL with macros such as `{click_id}`, which may stand only after the host. Never throws, and takes time
 * proportional to the length of the text. The problem continues a sentence that begins with the name of the field.
 *
 * @example
 * readTarget('https://shop.example/?click={click_id}')
 * // { state: 'target', parts: { literals: ['https://shop.example/?click=', ''], macros: ['click_id'] } }
 */
export function readTarget(text: string): TargetReading {
  const trimmed = text.trim();
  const [head] = HEAD.exec(trimmed) ?? [];
  if (head === undefined) return { state: 'unsafe', problem: NO_HOST };
  if (/[{}]/.test(head)) return { state: 'unsafe', problem: `must have its macros after the host; ${HOW_TO_ENCODE}` };
  const origin = originOf(head);
  if (origin === undefined) return { state: 'unsafe', problem: NO_HOST };
  const { literals, macros, problem } = readRest(trimmed.slice(head.length));
  if (macros.length > MOST_TARGET_MACROS) {
    return { state: 'unsafe', problem: `must have at most ${MOST_TARGET_MACROS} macros` };
  }
  const [first, ...others] = literals;
  const parts: TargetParts = { literals: [origin + encode(first), ...others.map(encode)], macros };
  if (problem !== undefined) return { state: 'repaired', parts, problem };
  if (!PRINTABLE.test(text)) {
    return { state: 'repaired', parts, problem: 'must have printable ASCII characters only; percent-encode others' };
  }
  return { state: 'target', parts };
}

/**
 * The URL with its macros replaced by percent-encoded values; a value that is absent or longer than
 * {@link LONGEST_MACRO_VALUE} is empty. The result is printable ASCII, and has the scheme and host of the target.
 */
export function fillTarget(
  { literals, macros }: TargetParts,
  values: { readonly [Macro in TargetMacro]?: string | undefined },
): string {
  let url = literals[0];
  for (let index = 0; index < macros.length; index += 1) {
    const value = values[macros[index] as TargetMacro] ?? '';
    if (value.length <= LONGEST_MACRO_VALUE) url += encodeValue(value);
    url += literals[index + 1] ?? '';
  }
  return url;
}

/** Characters that are not percent-encoded. Most values have no others, and testing them takes a fifth of the time. */
const UNRESERVED = /^[\w.~-]*$/;

function encodeValue(value: string): string {
  return UNRESERVED.test(value) ? value : encodeURIComponent(wellFormed(value));
}

/** Returns undefined if scheme and host are not valid. A host with non-ASCII letters is converted to ASCII. */
function originOf(head: string): string | undefined {
  if (!URL.canParse(head)) return undefined;
  return PRINTABLE.test(head) ? head : new URL(head).href.slice(0, -1);
}

interface Rest {
  readonly literals: [string, ...string[]];
  readonly macros: TargetMacro[];
  readonly problem: string | undefined;
}

function readRest(text: string): Rest {
  const rest: Rest & { problem: string | undefined } = { literals: [''], macros: [], problem: undefined };
  for (const [index, part] of text.split(MACRO).entries()) {
    const isName = index % 2 === 1;
    if (isName && isMacro(part)) {
      rest.macros.push(part);
      rest.literals.push('');
      continue;
    }
    if (isName) rest.problem ??= `has the unknown macro {${part}}; use ${listOfMacros()}, or ${HOW_TO_ENCODE}`;
    else if (/[{}]/.test(part)) rest.problem ??= `has a brace that belongs to no macro; ${HOW_TO_ENCODE}`;
    rest.literals[rest.literals.length - 1] += isName ? `{${part}}` : part;
  }
  return rest;
}

const isMacro = (name: string): name is TargetMacro => (TARGET_MACROS as readonly string[]).includes(name);
const listOfMacros = (): string => TARGET_MACROS.map((name) => `{${name}}`).join(' ');

const encode = (literal: string): string =>
  wellFormed(literal).replaceAll(UNPRINTABLE, encodeURIComponent).replaceAll('{', '%7B').replaceAll('}', '%7D');

/** encodeURIComponent throws at half of a surrogate pair. */
const wellFormed = (text: string): string => text.replaceAll(SURROGATES, '\ufffd');
