import { useEffect } from 'preact/hooks';
import type { AdNames } from '../api/answers.js';
import { read } from '../api/client.js';
import { useReading } from '../api/use-reading.js';
import { Loaded, ProblemNotice } from '../parts/states.js';
import { type Choice, readChoice, writeChoice } from '../report/choice.js';
import { RangeControls } from '../report/controls.js';
import { readPeriods, refreshOf } from '../report/read-report.js';
import { ReportChart } from '../report/report-chart.js';
import { TotalTiles, WAITING_TOTALS } from '../report/totals.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { Breakdown } from './breakdown.js';
import { Diagnostics } from './diagnostics-card.js';
import { Funnel } from './funnel-card.js';
import { InvalidTraffic } from './invalid-traffic.js';
import { PlayTimes } from './play-times.js';

/** Everything about one ad. @param id any text, which may not be the id of an ad */
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

  const ad = useReading((signal) => read<AdNames>(`/ads/${encodeURIComponent(id)}`, {}, signal), [id]);
  const { metric: _, ...inputs } = choice;
  const reading = useReading((signal) => readPeriods(choice, signal), [inputs], refreshOf(choice));
  if (ad.problem !== undefined && ad.problem.kind !== 'temporary') return <ProblemNotice problem={ad.problem} />;

  const part = { id, choice };
  return (
    <>
      <p class="muted under-heading" dir="auto">
        {ad.value && namesOf(ad.value)}
      </p>
      <RangeControls choice={choice} onChange={change} />
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

function namesOf({ title, campaign, advertiser, status }: AdNames): string {
  const names = [title, campaign && `campaign ${campaign}`, advertiser, status];
  return names.filter((name) => name !== null && name !== '').join(' · ');
}
