import type { ReportRow } from '../api/answers.js';

/** The kinds of events that a report counts, with the names of their valid and invalid counts. */
const KINDS = [
  ['impression', 'impressions', 'invalid_impressions'],
  ['click', 'clicks', 'invalid_clicks'],
  ['start', 'starts', undefined],
  ['first quartile', 'first_quartiles', undefined],
  ['midpoint', 'midpoints', undefined],
  ['third quartile', 'third_quartiles', undefined],
  ['complete', 'completes', undefined],
  ['skip', 'skips', undefined],
  ['error', 'errors', undefined],
] as const;

/** The metrics that tell events of an ad apart, for a report by verdict. */
export const ARRIVAL_METRICS = KINDS.flatMap(([, valid, invalid]) => [
  valid,
  ...(invalid === undefined ? [] : [invalid]),
]).join();

/** Events of one kind and verdict. */
export interface Arrival {
  readonly kind: string;
  readonly verdict: string;
  readonly count: number;
}

/** The events between two reports by verdict. */
export function arrivalsBetween(before: readonly ReportRow[], after: readonly ReportRow[]): readonly Arrival[] {
  return after.flatMap((row) => {
    const old = before.find(({ verdict }) => verdict === row.verdict);
    const verdict = String(row.verdict);
    return KINDS.flatMap(([kind, valid, invalid]) => {
      const name = verdict === 'valid' ? valid : invalid;
      if (name === undefined) return [];
      const count = (row[name] ?? 0) - (old?.[name] ?? 0);
      return count > 0 ? [{ kind, verdict, count }] : [];
    });
  });
}
