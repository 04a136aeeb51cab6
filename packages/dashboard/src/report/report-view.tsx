import { useEffect } from 'preact/hooks';
import { useReading } from '../api/use-reading.js';
import { Loaded, Notice } from '../parts/states.js';
import { withShare } from '../share/share.js';
import { ShareButton, type Target } from '../share/share-button.js';
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
  const choice = withShare(readChoice(parameters.value, Date.now()));
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
      <Controls
        choice={choice}
        onChange={change}
        end={<ShareButton target={targetOf(choice.filters)} address={address} />}
      />
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

/** The subject that the report can be shared by; undefined if its filters name neither one ad nor one campaign. */
function targetOf({ ad_id, campaign, advertiser }: Choice['filters']): Target | undefined {
  if (ad_id !== undefined) return { ad_id };
  if (campaign === undefined) return undefined;
  return { campaign, ...(advertiser === undefined ? {} : { advertiser }) };
}

const TOO_LONG = (
  <Notice title="This report has too many rows">
    <p>Choose a longer interval, a shorter range, another group, or a filter.</p>
  </Notice>
);
