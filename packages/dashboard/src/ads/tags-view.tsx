import { useEffect, useState } from 'preact/hooks';
import type { AdTags } from '../api/ad-answers.js';
import { read } from '../api/client.js';
import { type Reading, useReading } from '../api/use-reading.js';
import { CopyText } from '../parts/copy.js';
import { TextField } from '../parts/form-field.js';
import { Loaded } from '../parts/states.js';
import { addressOf } from '../shell/addresses.js';
import { go, parameters } from '../shell/router.js';
import { NeedsKey } from './needs-key.js';
import { addressNote } from './tag-address.js';

/** Labels that a tag puts into its events. */
export interface TagLabels {
  readonly placement: string;
  readonly source: string;
}

export function useTags(id: string, labels?: TagLabels): Reading<AdTags> {
  return useReading(
    (signal) => read<AdTags>(`/ads/${encodeURIComponent(id)}/tags`, { ...labels }, signal),
    [id, labels],
  );
}

/** The tags in the words of the page. */
export const TAGS: readonly {
  readonly name: keyof AdTags;
  readonly label: string;
  readonly text: string;
}[] = [
  {
    name: 'vast_url',
    label: 'VAST',
    text: 'URL for a video player or an ad server. The player reports all events by itself.',
  },
  {
    name: 'impression_pixel',
    label: 'Impression pixel',
    text: 'HTML for a page that shows the ad. It counts an impression.',
  },
  { name: 'click_link', label: 'Click link', text: 'HTML. It counts a click, and opens the target.' },
  { name: 'click_url', label: 'Click URL', text: 'The same link without HTML, for newsletters and ad servers.' },
  {
    name: 'ping_link',
    label: 'Direct link',
    text: 'HTML. It opens the target itself, and the browser reports the click if its user allows that.',
  },
  {
    name: 'player_script',
    label: 'Snippet',
    text: 'HTML. It reports what the first video of the page plays: start, quartiles, completion, pause, clicks.',
  },
  { name: 'curl', label: 'Request', text: 'For a shell. It reports a click.' },
];

const TYPING_MS = 400;

/** The tags of an ad, ready to copy. */
export function TagsView({ id }: { readonly id: string }) {
  return (
    <NeedsKey purpose="see the tags">
      <Tags id={id} />
    </NeedsKey>
  );
}

function Tags({ id }: { readonly id: string }) {
  const given = (name: string) => parameters.value.get(name) ?? '';
  const [labels, setLabels] = useState<TagLabels>({ placement: given('placement'), source: given('source') });
  const [wanted, setWanted] = useState(labels);
  useEffect(() => {
    // Nothing was typed, so the address stays: another view may be open when the time is over.
    if (labels === wanted) return;
    const timer = setTimeout(() => {
      setWanted(labels);
      const created = given('created');
      const query = Object.fromEntries(Object.entries({ ...labels, created }).filter(([, value]) => value !== ''));
      go(addressOf(['ads', id, 'tags'], query), true);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [labels]);
  const reading = useTags(id, wanted);
  const errors = new Map(reading.problem?.details.map(({ path, message }) => [path, message]));
  const label = (name: keyof TagLabels) => ({
    name,
    value: labels[name],
    error: errors.get(name),
    onInput: (value: string) => setLabels((before) => ({ ...before, [name]: value })),
  });
  return (
    <>
      {given('created') !== '' && (
        <p class="good-news" role="status">
          The ad was created. Copy a tag, and <a href={addressOf(['ads', id, 'test'])}>test it</a>.
        </p>
      )}
      <form class="card controls" onSubmit={(event) => event.preventDefault()}>
        <TextField label="Placement" placeholder="home" hint="Where the ad is shown." {...label('placement')} />
        <TextField label="Source" placeholder="newsletter" hint="Where its viewers come from." {...label('source')} />
      </form>
      {errors.size === 0 && (
        <Loaded reading={reading} waiting={<div class="card tags-waiting">Loading…</div>}>
          {(tags) => (
            // Until the last key has taken effect, the tags have the labels before it.
            <div class={labels === wanted ? '' : 'is-old'}>
              <TagList tags={tags} />
            </div>
          )}
        </Loaded>
      )}
    </>
  );
}

function TagList({ tags }: { readonly tags: AdTags }) {
  return (
    <section class="card tags">
      <AddressLine tags={tags} />
      {TAGS.map(({ name, label, text }) => {
        const tag = tags[name];
        return (
          tag !== null && (
            <div key={name} class="tag">
              <h2>{label}</h2>
              <p class="muted">{text}</p>
              <CopyText label={label} text={tag} />
            </div>
          )
        );
      })}
      <details class="tag">
        <summary>Example with video.js, which plays the VAST</summary>
        <CopyText label="the example" text={tags.video_js} />
      </details>
    </section>
  );
}

/** Explains why players may not reach the address in the tags. Empty if no problem is known. */
export function AddressLine({ tags }: { readonly tags: AdTags }) {
  const note = addressNote(tags.click_url, location.href);
  return note === undefined ? null : <p class={note.isProblem ? 'warning' : 'muted'}>{note.text}</p>;
}
