import { useRef } from 'preact/hooks';
import type { Report } from '../api/answers.js';
import { read } from '../api/client.js';
import { type Refresh, useReading } from '../api/use-reading.js';
import { BROWSER_ZONE, dateIn, zoneName } from '../format/times.js';
import { Loaded, ProblemNotice } from '../parts/states.js';
import { Arrivals } from './arrivals.js';
import { BusiestAds } from './busiest-ads.js';
import { FirstSteps } from './first-steps.js';
import { MinutesChart } from './minutes-chart.js';
import { Rejected } from './rejected.js';
import { SecondsChart } from './seconds-chart.js';
import { NumberTiles, WAITING_TILES } from './tiles.js';
import { useLive } from './use-live.js';

const REFRESH = { everyMs: 8_000, atLeastMs: 60_000 };
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

async function readToday(signal: AbortSignal): Promise<Report> {
  return await read<Report>(
    '/ads/analytics/report',
    {
      from: dateIn(Date.now(), BROWSER_ZONE),
      tz: BROWSER_ZONE,
      interval: 'total',
      metrics: 'clicks,impressions,ctr,starts,completes,completion_rate',
    },
    signal,
  );
}

/** The last 60 minutes. The newest of them is still in progress. */
async function readMinutes(signal: AbortSignal): Promise<Report> {
  const from = new Date(Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS - HOUR_MS).toISOString();
  const query = { from, tz: BROWSER_ZONE, interval: 'minute', metrics: 'clicks,impressions,ctr' };
  return await read<Report>('/ads/analytics/report', query, signal);
}

interface Numbers {
  readonly minutes: Report;
  readonly today: Report;
}

/** Counts only grow, so the later read of the day includes all that the last hour has since midnight. */
async function readNumbers(signal: AbortSignal): Promise<Numbers> {
  const minutes = await readMinutes(signal);
  return { minutes, today: await readToday(signal) };
}

/** The view of the present: totals, the live stream, busiest ads. */
export function NowView() {
  const { watched, seconds, problem } = useLive();
  const all = watched.state?.all;
  const counted = useRef('');
  if (all !== undefined) counted.current = `${all.total_clicks} ${all.impressions}`;
  const refresh: Refresh = { ...REFRESH, version: () => counted.current };
  const numbers = useReading(readNumbers, [], refresh);

  const refused = problem ?? (numbers.problem?.kind === 'key' ? numbers.problem : undefined);
  if (refused !== undefined) return <ProblemNotice problem={refused} />;
  return (
    <>
      <p class="muted under-heading">
        Today in {zoneName(BROWSER_ZONE)}
        {all !== undefined && `, ${all.total_ads === 1 ? '1 ad' : `${all.total_ads} ads`}`}
      </p>
      {all !== undefined && all.total_clicks + all.impressions === 0 && <FirstSteps ads={all.total_ads} />}
      <Loaded reading={numbers} waiting={WAITING_TILES}>
        {({ today, minutes }) => <NumberTiles today={today} minutes={minutes} seconds={seconds} />}
      </Loaded>
      <div class="columns">
        <SecondsChart seconds={seconds} />
        <Loaded reading={numbers} waiting={<div class="card chart-space" />}>
          {({ minutes }) => <MinutesChart report={minutes} />}
        </Loaded>
      </div>
      <div class="columns wide-first">
        <BusiestAds refresh={refresh} />
        <Arrivals arrivals={watched.arrivals} />
      </div>
      <Rejected />
    </>
  );
}
