import type { CountedLabel } from '@ads/models';
import type { ReportRow } from '../api/answers.js';
import { formatCount, formatRate } from '../format/numbers.js';
import { Bar } from '../parts/bar.js';
import { Loaded } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { writeChoice } from '../report/choice.js';
import { GROUP_LABELS, labelOf } from '../report/metrics.js';
import { addressOf } from '../shell/addresses.js';
import { type AdPartProps, useTotals } from './read-totals.js';

const SHOWN = 8;

interface BreakdownProps extends AdPartProps {
  readonly label: CountedLabel;
}

/** The values of a label with the most clicks. */
export function Breakdown({ id, choice, label }: BreakdownProps) {
  const query = { metrics: 'clicks,impressions,ctr', group_by: label, order: '-clicks', limit: SHOWN };
  const reading = useTotals({ id, choice }, query);
  const title = GROUP_LABELS[label] ?? label;
  const whole = { ...choice, group: label, interval: 'total' as const, filters: { ad_id: id } };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{title}</h2>
        <a href={addressOf(['report'], writeChoice(whole))}>
          Report<span class="unseen"> by {title.toLowerCase()}</span>
        </a>
      </div>
      <Loaded reading={reading}>
        {({ rows }) => {
          const counted = rows.filter(({ clicks, impressions }) => (clicks ?? 0) + (impressions ?? 0) > 0);
          if (counted.length === 0) return <p class="muted">Nothing was counted in this range.</p>;
          const keyOf = (row: ReportRow) => JSON.stringify(row[label]);
          return <Table caption={title} columns={columnsOf(label, title, counted)} rows={counted} keyOf={keyOf} />;
        }}
      </Loaded>
    </section>
  );
}

function columnsOf(label: CountedLabel, title: string, rows: readonly ReportRow[]): readonly Column<ReportRow>[] {
  const most = Math.max(1, ...rows.map(({ clicks }) => clicks ?? 0));
  return [
    {
      key: label,
      label: title,
      cell: (row) => (
        <Bar length={(row.clicks ?? 0) / most}>
          <bdi>{labelOf(row[label])}</bdi>
        </Bar>
      ),
    },
    { key: 'clicks', label: 'Clicks', isNumeric: true, cell: ({ clicks }) => formatCount(clicks) },
    { key: 'impressions', label: 'Impressions', isNumeric: true, cell: ({ impressions }) => formatCount(impressions) },
    { key: 'ctr', label: 'CTR', isNumeric: true, cell: ({ ctr }) => formatRate(ctr) },
  ];
}
