import { useEffect } from 'preact/hooks';
import { useReading } from '../api/use-reading.js';
import { Loaded, Notice } from '../parts/states.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { type Choice, readChoice, writeChoice } from './choice.js';
import { Controls } from './controls.js';
import { readPeriods, refreshOf } from './read-report.js';
import { ReportChart } from './report-chart.js';
import { ReportTable } from './report-table.js';
import { TotalTiles, WAITING_TOTALS } from './totals.js';

/** Numbers of any range, by time and by group. */
export function ReportView() {
  const choice = readChoice(parameters.value, Date.now());
  const { sort: _, metric: _metric, ...read } = choice;
  const reading = useReading((signal) => readPeriods(choice, signal), [read], refreshOf(choice));
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
        <Loaded reading={reading} waiting={WAITING_TOTALS}>
          {(periods) => (
            <>
              <TotalTiles zone={choice.tz} periods={periods} />
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
