import { useMemo } from 'preact/hooks';
import type { Report } from '../api/answers.js';
import { BROWSER_ZONE } from '../format/times.js';
import { TimeChart } from '../parts/time-chart.js';

/** Clicks per minute of the last hour. */
export function MinutesChart({ report }: { readonly report: Report }) {
  const { times, series } = useMemo(
    () => ({
      times: report.rows.map(({ time = '' }) => Date.parse(time)),
      series: [{ label: 'Clicks', values: report.rows.map(({ clicks }) => clicks ?? 0), color: 1 }],
    }),
    [report],
  );
  return (
    <div class="card">
      <TimeChart
        title="Clicks per minute, last hour"
        times={times}
        series={series}
        zone={BROWSER_ZONE}
        shape="minute"
        isBars
      />
    </div>
  );
}
