import type { ReportRow } from '../api/answers.js';
import { quotient } from '../format/numbers.js';

/** The metrics of the funnel, in its order. */
export const FUNNEL = [
  ['impressions', 'Shown'],
  ['starts', 'Started'],
  ['first_quartiles', 'Watched a quarter'],
  ['midpoints', 'Watched half'],
  ['third_quartiles', 'Watched three quarters'],
  ['completes', 'Watched to the end'],
] as const;

export interface FunnelStep {
  readonly label: string;
  readonly count: number;
  /** Share of the videos that started; null for the step before the start, and without starts. */
  readonly ofStarts: number | null;
  /** Length of the bar, from 0 to 1. */
  readonly length: number;
}

/** The steps of a report of one row. */
export function funnelOf(row: ReportRow): readonly FunnelStep[] {
  const counts = FUNNEL.map(([name]) => row[name] ?? 0);
  // Players may report more of a later step than of an earlier one.
  const most = Math.max(1, ...counts);
  return FUNNEL.map(([name, label], at) => {
    const count = counts[at] ?? 0;
    return {
      label,
      count,
      ofStarts: name === 'impressions' ? null : quotient(count, row.starts ?? 0),
      length: count / most,
    };
  });
}
