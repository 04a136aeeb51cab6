import type { TextRow } from '@ads/connections';
import { INVALID_VERDICTS, VERDICTS, type Verdict } from '@ads/models';
import type { Cell } from '../row-formats.js';

/** Converts the text of Postgres. */
type Convert = (text: string) => Cell;

const asText: Convert = (text) => text;

/** `2026-11-27 10:08:49.12+00` becomes `2026-11-27T10:08:49.120Z`. */
const asTime: Convert = (text) => `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`;

/** Milliseconds become seconds. */
const asSeconds: Convert = (text) => Number(text) / 1_000;

const VERDICTS_BY_NUMBER: ReadonlyMap<number, Verdict> = new Map([
  [0, 'valid'],
  ...INVALID_VERDICTS.map((name) => [VERDICTS[name].number, name] as const),
]);

/** A verdict of a newer release stays a number. */
const asVerdict: Convert = (text) => VERDICTS_BY_NUMBER.get(Number(text)) ?? text;

/** The columns of `export-events.sql`, in its order. */
const COLUMNS: Readonly<Record<string, Convert>> = {
  kind: asText,
  id: asText,
  ad_id: asText,
  occurred_at: asTime,
  received_at: asTime,
  claimed_at: asTime,
  ip: asText,
  video_play_time: asSeconds,
  session_id: asText,
  placement: asText,
  source: asText,
  device: asText,
  country: asText,
  error_code: asText,
  verdict: asVerdict,
};

export const EVENT_COLUMNS = Object.keys(COLUMNS);

const CONVERSIONS = Object.values(COLUMNS);

/** The cells of a row of `export-events.sql`. */
export function eventCells(row: TextRow): Cell[] {
  return row.map((text, at) => (text === null ? null : (CONVERSIONS[at] ?? asText)(text)));
}
