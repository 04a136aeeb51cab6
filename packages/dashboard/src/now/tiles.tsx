import type { Report, ReportRow } from '../api/answers.js';
import { formatCount, formatRate, NO_VALUE, quotient } from '../format/numbers.js';
import { Tile } from '../parts/tile.js';
import type { Second } from './seconds.js';

interface Counts {
  readonly clicks: number;
  readonly impressions: number;
}

const MINUTE = 60;

/** The numbers of today, of the last hour and of the last minute. */
export function NumberTiles(props: {
  readonly today: Report;
  readonly minutes: Report;
  readonly seconds: readonly Second[];
}) {
  const { today, minutes, seconds } = props;
  const [day] = today.rows;
  const lastSeconds = seconds.slice(-MINUTE);
  const minute = lastSeconds.length === 0 ? undefined : sumOf(lastSeconds);
  const hour = including(sumOf(minutes.rows.map(countsOf)), minute);
  // The stream covers only the time since it was opened.
  const minuteLabel = lastSeconds.length < MINUTE ? `Last ${lastSeconds.length || ''} s` : 'Last minute';
  const recent = (format: (counts: Counts | undefined) => string) =>
    [
      ['Last hour', format(hour)],
      [minuteLabel, format(minute)],
    ] as const;
  const ctrOf = (counts: Counts | undefined) => formatRate(counts && quotient(counts.clicks, counts.impressions));
  return (
    <div class="tiles">
      <Tile
        label="Clicks today"
        value={formatCount(day?.clicks)}
        details={recent((counts) => formatCount(counts?.clicks))}
      />
      <Tile
        label="Impressions today"
        value={formatCount(day?.impressions)}
        details={recent((counts) => formatCount(counts?.impressions))}
      />
      <Tile label="CTR today" value={formatRate(day?.ctr)} details={recent(ctrOf)} />
      <Tile
        label="Completion today"
        value={formatRate(day?.completion_rate)}
        details={[
          ['Started', formatCount(day?.starts)],
          ['Completed', formatCount(day?.completes)],
        ]}
      />
    </div>
  );
}

const NO_DETAILS = [
  ['Last hour', NO_VALUE],
  ['Last minute', NO_VALUE],
] as const;

/** Takes the space of the tiles. */
export const WAITING_TILES = (
  <div class="tiles">
    {['Clicks', 'Impressions', 'CTR', 'Completion'].map((name) => (
      <Tile key={name} label={`${name} today`} value={NO_VALUE} details={NO_DETAILS} />
    ))}
  </div>
);

function countsOf({ clicks, impressions }: ReportRow): Counts {
  return { clicks: clicks ?? 0, impressions: impressions ?? 0 };
}

/** The last hour includes the last minute, whose events may be newer than the report of the hour. */
function including(hour: Counts, minute: Counts | undefined): Counts {
  return {
    clicks: Math.max(hour.clicks, minute?.clicks ?? 0),
    impressions: Math.max(hour.impressions, minute?.impressions ?? 0),
  };
}

function sumOf(rows: readonly Counts[]): Counts {
  const sum = { clicks: 0, impressions: 0 };
  for (const { clicks, impressions } of rows) {
    sum.clicks += clicks;
    sum.impressions += impressions;
  }
  return sum;
}
