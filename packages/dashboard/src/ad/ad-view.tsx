import { useEffect } from 'preact/hooks';
import { useReading } from '../api/use-reading.js';
import { Loaded } from '../parts/states.js';
import { type Choice, readChoice, writeChoice } from '../report/choice.js';
import { RangeControls } from '../report/controls.js';
import { readPeriods, refreshOf } from '../report/read-report.js';
import { ReportChart } from '../report/report-chart.js';
import { TotalTiles, WAITING_TOTALS } from '../report/totals.js';
import { ShareButton } from '../share/share-button.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { Breakdown } from './breakdown.js';
import { Diagnostics } from './diagnostics-card.js';
import { Funnel } from './funnel-card.js';
import { InvalidTraffic } from './invalid-traffic.js';
import { PlayTimes } from './play-times.js';

/** The numbers of one ad. */
export function AdView({ id }: { readonly id: string }) {
  const choice: Choice = {
    ...readChoice(parameters.value, Date.now()),
    group: '',
    sort: undefined,
    filters: { ad_id: id },
  };
  const address = addressOf(['ads', id], writeChoice({ ...choice, filters: {} }));
  useEffect(() => {
    if (`${location.pathname}${location.search}` !== address) go(address, true);
  }, [address]);
  const change = (part: Partial<Choice>) =>
    go(addressOf(['ads', id], writeChoice({ ...choice, ...part, filters: {} })));

  const { metric: _, ...inputs } = choice;
  const reading = useReading((signal) => readPeriods(choice, signal), [inputs], refreshOf(choice));

  const part = { id, choice };
  return (
    <>
      <RangeControls choice={choice} onChange={change} end={<ShareButton target={{ ad_id: id }} address={address} />} />
      <Loaded reading={reading} waiting={WAITING_TOTALS}>
        {(periods) => (
          <>
            <TotalTiles zone={choice.tz} periods={periods} />
            <ReportChart choice={choice} periods={periods} />
          </>
        )}
      </Loaded>
      <div class="columns">
        <Funnel {...part} />
        <PlayTimes id={id} />
      </div>
      <div class="columns">
        <Breakdown {...part} label="placement" />
        <Breakdown {...part} label="source" />
        <Breakdown {...part} label="device" />
        <Breakdown {...part} label="country" />
      </div>
      <div class="columns">
        <InvalidTraffic {...part} />
        <Diagnostics {...part} />
      </div>
    </>
  );
}
