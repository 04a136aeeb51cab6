import { read } from '../api/client.js';
import { useReading } from '../api/use-reading.js';
import { formatCount } from '../format/numbers.js';
import { Loaded } from '../parts/states.js';
import { type Bin, binsOf } from './play-time.js';

interface PlayTimesAnswer {
  readonly clicks: number;
  readonly seconds: readonly { readonly second: number; readonly clicks: number }[];
}

/** At which second of the video people click. */
export function PlayTimes({ id }: { readonly id: string }) {
  const reading = useReading(
    (signal) => read<PlayTimesAnswer>('/ads/analytics/play-time', { ad_id: id }, signal),
    [id],
    { everyMs: 60_000, atLeastMs: 60_000, version: () => undefined },
  );
  return (
    <section class="card">
      <h2>Where in the video people click, over all time</h2>
      <Loaded reading={reading}>
        {({ clicks, seconds }) =>
          clicks === 0 ? (
            <p class="muted">No click reported a play time.</p>
          ) : (
            <Histogram clicks={clicks} bins={binsOf(seconds)} />
          )
        }
      </Loaded>
    </section>
  );
}

const HEIGHT = 100;
const STEP = 10;
const BAR = 8;

function Histogram({ clicks, bins }: { readonly clicks: number; readonly bins: readonly Bin[] }) {
  const most = bins.reduce((busiest, bin) => (bin.clicks > busiest.clicks ? bin : busiest), {
    from: 0,
    to: 1,
    clicks: 0,
  });
  const end = bins.at(-1)?.to ?? 0;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${bins.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summaryOf(most)}
      >
        {bins.map(({ from, to, clicks: count }, at) => {
          const height = (HEIGHT * count) / Math.max(1, most.clicks);
          return (
            <rect key={from} x={at * STEP + (STEP - BAR) / 2} y={HEIGHT - height} width={BAR} height={height}>
              <title>{`${secondsText({ from, to })}: ${formatCount(count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <p class="histogram-axis" aria-hidden="true">
        <span>0 s</span>
        <span>{formatCount(end / 2)} s</span>
        <span>{formatCount(end)} s</span>
      </p>
      <figcaption class="muted">
        {formatCount(clicks)} clicks with a play time. {summaryOf(most)}
      </figcaption>
    </figure>
  );
}

function summaryOf(most: Bin): string {
  return `Most clicks, ${formatCount(most.clicks)}, are in ${secondsText(most)}.`;
}

function secondsText({ from, to }: Pick<Bin, 'from' | 'to'>): string {
  return to - from === 1 ? `second ${formatCount(from)}` : `seconds ${formatCount(from)} to ${formatCount(to - 1)}`;
}
