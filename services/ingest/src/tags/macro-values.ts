import { isErrorCode, readTime } from '@ads/models';

/** The macro itself, perhaps percent-encoded twice: `[X]`, `%5BX%5D`, `%%X%%`, `{X}`, `${X}`. */
const LITERAL = /^(?:\[[\w.:-]*\]|%5b[\w.:-]*%5d|%%[\w.:-]*%%|\$?\{[\w.:-]*\})$/i;

/** -1 means unknown, -2 known but not shared. The words are values of JavaScript that a player put into the URL. */
const ABSENT: ReadonlySet<string> = new Set(['', '-1', '-2', 'undefined', 'null', 'NaN']);

/** The first characters of {@link LITERAL} and of {@link ABSENT}. Testing one character takes a tenth of the time. */
const FIRST = new Set([...'[%{$-unN'].map((character) => character.charCodeAt(0)));

/** True for a decoded value that means that the player has not filled a macro. */
export function isUnfilled(value: string): boolean {
  if (value !== '' && !FIRST.has(value.charCodeAt(0))) return false;
  return ABSENT.has(value) || LITERAL.test(value);
}

/**
 * `[TIMESTAMP]`: ISO 8601 with or without milliseconds, and with the offsets `Z`, `-05`, `-0500` or `-05:00`. The hour may have
 * one digit, as in the example of VAST, and a `+` may have become a space.
 */
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T(\d{1,2})(:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([ +-])(\d\d)(?::?(\d\d))?)?$/i;

/** Returns milliseconds since the epoch; undefined for a text that is not a time from 1970 to 9999. */
export function readTimestamp(text: string): number | undefined {
  const found = TIMESTAMP.exec(text);
  if (found === null) return undefined;
  const [, date = '', hour = '', rest = '', fraction = '', , sign, hours = '', minutes = '00'] = found;
  const offset = sign === undefined ? 'Z' : `${sign === '-' ? '-' : '+'}${hours}:${minutes}`;
  return readTime(`${date}T${hour.padStart(2, '0')}${rest}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`);
}

/** `[ADPLAYHEAD]`. */
const PLAYHEAD = /^(\d{1,2}):([0-5]\d):([0-5]\d(?:\.\d{1,6})?)$/;

/** Returns seconds, with decimals; undefined for a text of another form. */
export function readPlayhead(text: string): number | undefined {
  const [, hours, minutes, seconds] = PLAYHEAD.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** The code of an undefined error: VAST 4.3, 2.3.6.3. */
const UNDEFINED_ERROR = 900;

/** Returns the error code of `[ERRORCODE]`; 900 for any other text, and without a code. */
export function readErrorCode(text = ''): number {
  const code = /^\d{3}$/.test(text) ? Number(text) : undefined;
  return isErrorCode(code) ? code : UNDEFINED_ERROR;
}
