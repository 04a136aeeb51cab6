import { changeOf, formatChange, NO_VALUE } from '../format/numbers.js';
import { formatTime } from '../format/times.js';
import { Tile } from '../parts/tile.js';
import { metricOf } from './metrics.js';
import type { Period, Periods } from './read-report.js';

const NAMES = ['clicks', 'impressions', 'ctr', 'completion_rate'] as const;

/** The range and the numbers of a whole report, with those of the period before. */
export function TotalTiles({ periods, zone }: { readonly periods: Periods; readonly zone: string }) {
  const { now, before } = periods;
  return (
    <>
      <p class="muted under-heading">
        {rangeText(now, zone)}
        {before && `, compared with ${rangeText(before, zone)}`}
      </p>
      <div class="tiles">
        {NAMES.map((name) => {
          const { label, format } = metricOf(name);
          const [value, old] = [now.totals[name], before?.totals[name]];
          const details = [
            ['Before', format(old)],
            ['Change', formatChange(changeOf(value, old))],
          ] as const;
          return <Tile key={name} label={label} value={format(value)} details={before === undefined ? [] : details} />;
        })}
      </div>
    </>
  );
}

/** Takes the space of the numbers and of the chart below them. */
export const WAITING_TOTALS = (
  <>
    <p class="muted under-heading">Loading…</p>
    <div class="tiles">
      {NAMES.map((name) => (
        <Tile key={name} label={metricOf(name).label} value={NO_VALUE} details={[]} />
      ))}
    </div>
    <div class="card chart-space" />
  </>
);

function rangeText({ report: { from, to } }: Period, zone: string): string {
  return `${formatTime(Date.parse(from), 'stamp', zone)} to ${formatTime(Date.parse(to), 'stamp', zone)}`;
}
