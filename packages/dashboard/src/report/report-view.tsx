import { useEffect } from 'preact/hooks';
import { useReading } from '../api/use-reading.js';
import { NO_VALUE } from '../format/numbers.js';
import { formatTime } from '../format/times.js';
import { Loaded, Notice } from '../parts/states.js';
import { Tile } from '../parts/tile.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { type Choice, readChoice, writeChoice } from './choice.js';
import { Controls } from './controls.js';
import { daysOf, isOpen } from './ranges.js';
import { type Periods, readPeriods } from './read-report.js';
import { ReportChart } from './report-chart.js';
import { ReportTable } from './report-table.js';
import { TotalTiles } from './totals.js';

const REFRESH_MS = 30_000;

/** Numbers of any range, by time and by group. */
export function ReportView() {
  const choice = readChoice(parameters.value, Date.now());
  const { sort: _, metric: _metric, ...read } = choice;
  const open = isOpen(daysOf(choice, Date.now()), choice.tz, Date.now());
  const refresh = open ? { everyMs: REFRESH_MS, atLeastMs: REFRESH_MS, version: () => undefined } : undefined;
  const reading = useReading((signal) => readPeriods(choice, signal), [read], refresh);
  const change = (part: Partial<Choice>) => go(addressOf(['report'], writeChoice({ ...choice, ...part })));

  const address = addressOf(['report'], writeChoice(choice));
  useEffect(() => {
    // The address names every choice, so that others who open it see the same.
    if (`${location.pathname}${location.search}` !== address) go(address, true);
  }, [address]);

  const isTooLong = reading.problem?.details.some(({ path }) => path === 'interval') ?? false;
  return (
    <>
      <Controls choice={choice} onChange={change} />
      {isTooLong ? (
        TOO_LONG
      ) : (
        <Loaded reading={reading} waiting={WAITING}>
          {(periods) => (
            <>
              <p class="muted under-heading">{rangeText(choice, periods)}</p>
              <TotalTiles {...periods} />
              {choice.interval !== 'total' && <ReportChart choice={choice} periods={periods} />}
              {periods.now.report.rows.length === 0 ? (
                <Notice title="Nothing was counted in this range">
                  <p>Choose other dates or remove a filter.</p>
                </Notice>
              ) : (
                <ReportTable choice={choice} periods={periods} onSort={(sort) => change({ sort })} />
              )}
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

const TOO_LONG = (
  <Notice title="This report has too many rows">
    <p>Choose a longer interval, a shorter range, another group, or a filter.</p>
  </Notice>
);

const WAITING = (
  <>
    <p class="muted under-heading">Loading…</p>
    <div class="tiles">
      {['Clicks', 'Impressions', 'CTR', 'Completion'].map((label) => (
        <Tile key={label} label={label} value={NO_VALUE} details={[]} />
      ))}
    </div>
    <div class="card chart-space" />
  </>
);

function rangeText({ tz }: Choice, { now, before }: Periods): string {
  const text = ({ from, to }: { readonly from: string; readonly to: string }) =>
    `${formatTime(Date.parse(from), 'stamp', tz)} to ${formatTime(Date.parse(to), 'stamp', tz)}`;
  return before === undefined ? text(now.report) : `${text(now.report)}, compared with ${text(before.report)}`;
}
