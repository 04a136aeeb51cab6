import { useMemo } from 'preact/hooks';
import { BROWSER_ZONE } from '../format/times.js';
import { TimeChart } from '../parts/time-chart.js';
import { SECONDS_SHOWN, type Second } from './seconds.js';

/** Clicks per second, as they are counted. The seconds before the page was opened are empty. */
export function SecondsChart({ seconds }: { readonly seconds: readonly Second[] }) {
  const last = seconds.at(-1)?.at ?? 0;
  const first = seconds[0]?.at ?? 0;
  const { times, series } = useMemo(() => {
    const end = last === 0 ? Math.floor(Date.now() / 1_000) : last;
    const byTime = new Map(seconds.map(({ at, clicks }) => [at, clicks]));
    const shown = Array.from({ length: SECONDS_SHOWN }, (_, index) => end - SECONDS_SHOWN + 1 + index);
    const values = shown.map((at) => byTime.get(at) ?? null);
    return { times: shown.map((at) => at * 1_000), series: [{ label: 'Clicks', values, color: 1 }] };
  }, [seconds, first, last]);
  return (
    <div class="card">
      <TimeChart
        title="Clicks per second, last 2 minutes"
        times={times}
        series={series}
        zone={BROWSER_ZONE}
        shape="second"
        isBars
      />
    </div>
  );
}
