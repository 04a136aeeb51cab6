import { AD_ID } from './event.js';

/** Where a page of a sorted list ended: the sort value of its last ad, and the ad id. */
export type Position = readonly [value: number, adId: string];

/** The text of a position, for `next_cursor`: opaque to callers, at most 200 characters. */
export function writeCursor([value, adId]: Position): string {
  return Buffer.from(`${value} ${adId}`).toString('base64url');
}

/** The position of a cursor; undefined if {@link writeCursor} did not make the text. */
export function readCursor(cursor: string): Position | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const space = text.indexOf(' ');
  const [digits, adId] = [text.slice(0, space), text.slice(space + 1)];
  const value = Number(digits);
  const isValue = /^-?\d{1,16}$/.test(digits) && Number.isSafeInteger(value);
  return isValue && AD_ID.test(adId) ? [value, adId] : undefined;
}
