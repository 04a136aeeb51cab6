import { formatCount } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { AdLink } from '../parts/ad-name.js';
import type { Arrival } from './seconds.js';

const SHOWN = 8;

/** The events that were counted last, by second and ad. */
export function Arrivals({ arrivals }: { readonly arrivals: readonly Arrival[] }) {
  return (
    <section class="card just-counted">
      <h2>Just counted</h2>
      {arrivals.length === 0 ? (
        <p class="muted">Nothing since this page was opened. New events appear here within two seconds.</p>
      ) : (
        <ol class="arrivals">
          {arrivals.slice(0, SHOWN).map(({ at, adId, clicks, impressions }) => (
            <li key={`${at} ${adId}`}>
              <time dateTime={new Date(at * 1_000).toISOString()}>
                {formatTime(at * 1_000, 'second', BROWSER_ZONE)}
              </time>
              <AdLink id={adId} />
              <span class="arrived">{eventsText(clicks, impressions)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function eventsText(clicks: number, impressions: number): string {
  const some = (count: number, one: string) =>
    count === 0 ? [] : [`${formatCount(count)} ${one}${count === 1 ? '' : 's'}`];
  return [...some(clicks, 'click'), ...some(impressions, 'impression')].join(', ');
}
