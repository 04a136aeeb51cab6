import type { Ad } from '@ads/models';
import { useEffect, useState } from 'preact/hooks';
import type { AdTags } from '../api/ad-answers.js';
import { read } from '../api/client.js';
import { useReading } from '../api/use-reading.js';
import { formatCount } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { reasonOf } from '../format/verdicts.js';
import { CopyText } from '../parts/copy.js';
import { SelectField } from '../parts/field.js';
import { Loaded, ProblemNotice } from '../parts/states.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { phaseOf } from './ad-fields.js';
import type { Arrival } from './arrivals.js';
import { NeedsKey } from './needs-key.js';
import { addressIn } from './tag-address.js';
import { AddressLine, TAGS, useTags } from './tags-view.js';
import { type Arrivals, useArrivals } from './use-arrivals.js';

/** The tags that can be tested. */
const TESTED = TAGS.filter(({ name }) => name !== 'ping_link');
/** Those that a browser can open to make an event. */
const OPENED: readonly (keyof AdTags)[] = ['impression_pixel', 'click_link', 'click_url'];

const PATIENCE_S = 20;

/** Shows a tag, and waits for events of its ad. */
export function TestView({ id }: { readonly id: string }) {
  const watch = useArrivals(id);
  const { arrivals, isReady, problem } = watch;
  const waited = useSeconds(arrivals.length === 0);
  return (
    <div class="columns">
      <section class="card stack">
        <h2>1. Use a tag of this ad</h2>
        <NeedsKey purpose="see the tags">
          <TagToTest id={id} />
        </NeedsKey>
      </section>
      <section class="card stack">
        <h2>2. See its events</h2>
        {problem !== undefined && !isReady ? (
          <ProblemNotice problem={problem} />
        ) : (
          <>
            <div role="status">
              {arrivals.length === 0 ? (
                <p class="waiting-for">
                  <span class="pulse" aria-hidden="true" />
                  {isReady ? 'Waiting for the first event of this ad…' : 'Connecting…'}
                </p>
              ) : (
                <Outcome arrivals={arrivals} />
              )}
            </div>
            <ArrivalList arrivals={arrivals} />
            {arrivals.length === 0 && waited >= PATIENCE_S && <Checks id={id} />}
          </>
        )}
      </section>
    </div>
  );
}

function Outcome({ arrivals }: { readonly arrivals: readonly Arrivals[] }) {
  const isValid = arrivals.some(({ events }) => events.some(({ verdict }) => verdict === 'valid'));
  return isValid ? (
    <p class="good-news">The tag works: events of this ad arrive.</p>
  ) : (
    <p class="warning">Events arrive, but they are invalid, so they do not count.</p>
  );
}

/** Seconds since it began to run. */
function useSeconds(isRunning: boolean): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return seconds;
}

function TagToTest({ id }: { readonly id: string }) {
  const reading = useTags(id);
  const asked = parameters.value.get('tag');
  const { name, label, text } = TESTED.find((one) => one.name === asked) ?? (TESTED[1] as (typeof TESTED)[number]);
  return (
    <div class="stack">
      <form onSubmit={(event) => event.preventDefault()}>
        <SelectField
          label="Tag"
          value={name}
          options={TESTED.map((one) => [one.name, one.label] as const)}
          onChange={(next) => go(addressOf(['ads', id, 'test'], { tag: next }), true)}
        />
      </form>
      <p class="muted">{text}</p>
      <Loaded reading={reading} waiting={<div class="tag-waiting" />}>
        {(tags) => {
          const tag = tags[name] ?? '';
          const address = OPENED.includes(name) ? addressIn(tag) : undefined;
          return (
            <div class="stack">
              <CopyText label={label} text={tag} />
              {address !== undefined && (
                <p>
                  <a class="button" href={address} target="_blank" rel="noopener noreferrer">
                    Open it in a new tab
                  </a>
                </p>
              )}
              <AddressLine tags={tags} />
            </div>
          );
        }}
      </Loaded>
      <p class="muted">Events of a test count like all others.</p>
    </div>
  );
}

function ArrivalList({ arrivals }: { readonly arrivals: readonly Arrivals[] }) {
  return (
    <ol class="arrived">
      {arrivals.map(({ at, events }) => (
        <li key={at}>
          <time class="muted" datetime={new Date(at).toISOString()}>
            {formatTime(at, 'second', BROWSER_ZONE)}
          </time>
          <ul>
            {events.map((event) => (
              <li key={`${event.kind} ${event.verdict}`}>
                <Event event={event} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function Event({ event: { kind, verdict, count } }: { readonly event: Arrival }) {
  const isValid = verdict === 'valid';
  return (
    <>
      {formatCount(count)} {count === 1 ? kind : pluralOf(kind)}{' '}
      <span class={`badge ${isValid ? 'is-active' : 'is-paused'}`}>
        {isValid ? 'Valid' : `Invalid: ${reasonOf(verdict)}`}
      </span>
    </>
  );
}

const pluralOf = (kind: string) => `${kind}s`;

/** Lists the usual causes if no events arrive. */
function Checks({ id }: { readonly id: string }) {
  const { value } = useReading((signal) => read<Ad>(`/ads/${encodeURIComponent(id)}`, {}, signal), [id]);
  const phase = value === undefined ? undefined : phaseOf(value, Date.now());
  return (
    <div class="checks">
      <h3>Nothing arrives? Check</h3>
      <ul>
        {phase !== undefined && phase.name !== 'active' && (
          <li>The ad is {phase.label.toLowerCase()}, so its VAST is empty. Pixels and links count nevertheless.</li>
        )}
        <li>
          The tag has this ad's id, <code>{id}</code>. Tags with a wrong id or an unknown event are rejected, and listed
          in <a href={addressOf(['now'])}>Now</a>.
        </li>
        <li>The device reaches the address of the tag: open the tag there in a new tab.</li>
        <li>
          No ad blocker, consent tool or content policy of the page stops it. The network panel of the browser shows the
          request.
        </li>
        <li>A page on https loads tags on https only.</li>
        <li>
          Macros such as <code>[CACHEBUSTING]</code> are filled. Repeated values count once.
        </li>
      </ul>
    </div>
  );
}
