import type { ReportRow } from '../api/answers.js';
import { formatCount, formatRate, quotient } from '../format/numbers.js';
import { reasonOf } from '../format/verdicts.js';
import { Loaded } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { type AdPartProps, useTotals } from './read-totals.js';

const QUERY = { metrics: 'clicks,impressions,invalid_clicks,invalid_impressions', group_by: 'verdict' };

const COLUMNS: readonly Column<ReportRow>[] = [
  { key: 'verdict', label: 'Reason', cell: ({ verdict }) => reasonOf(verdict) },
  { key: 'clicks', label: 'Clicks', isNumeric: true, cell: ({ invalid_clicks }) => formatCount(invalid_clicks) },
  {
    key: 'impressions',
    label: 'Impressions',
    isNumeric: true,
    cell: ({ invalid_impressions }) => formatCount(invalid_impressions),
  },
];

/** The events that do not count, by reason. */
export function InvalidTraffic(props: AdPartProps) {
  const reading = useTotals(props, QUERY);
  return (
    <section class="card">
      <h2>Invalid traffic</h2>
      <Loaded reading={reading}>
        {({ rows }) => {
          const invalid = rows.filter(({ verdict }) => verdict !== 'valid');
          const clicks = sumOf(rows, ({ clicks: valid }) => valid);
          const invalidClicks = sumOf(rows, (row) => row.invalid_clicks);
          return (
            <>
              <p class="muted">
                {formatCount(invalidClicks)} of {formatCount(clicks + invalidClicks)} clicks are invalid (
                {formatRate(quotient(invalidClicks, clicks + invalidClicks))}). They are stored, and not in any other
                number of this page.
              </p>
              {invalid.length > 0 && (
                <Table
                  caption="Invalid traffic by reason"
                  columns={COLUMNS}
                  rows={invalid}
                  keyOf={({ verdict }) => String(verdict)}
                />
              )}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function sumOf(rows: readonly ReportRow[], countOf: (row: ReportRow) => number | null | undefined): number {
  return rows.reduce((sum, row) => sum + (countOf(row) ?? 0), 0);
}
