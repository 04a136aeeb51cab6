import type { Ad } from '@ads/models';
import { useRef, useState } from 'preact/hooks';
import { apiKey } from '../api/key.js';
import { Dialog } from '../parts/dialog.js';
import { phaseOf } from './ad-fields.js';
import { changeStatus } from './changes.js';
import type { Saving } from './saving.js';

/** The status of an ad, with a colour. */
export function StatusBadge({ ad }: { readonly ad: Pick<Ad, 'status' | 'starts_at' | 'ends_at'> }) {
  const { name, label } = phaseOf(ad, Date.now());
  return <span class={`badge is-${name}`}>{label}</span>;
}

/** The button that changes the status to the opposite, and the one that archives. Nothing without a key. */
export function StatusButtons({ ad, saving }: { readonly ad: Ad; readonly saving: Saving }) {
  const [isAsking, setIsAsking] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  if (apiKey.value === '') return null;
  const name = ad.title ?? ad.id;
  const [status, verb] = (
    {
      active: ['paused', 'Pause'],
      paused: ['active', 'Resume'],
      archived: ['active', 'Restore'],
    } as const
  )[ad.status];
  return (
    <>
      <button ref={first} type="button" class="button small" onClick={() => saving.run(() => changeStatus(ad, status))}>
        {verb}
        <span class="unseen"> {name}</span>
      </button>
      {ad.status !== 'archived' && (
        <button type="button" class="button small" onClick={() => setIsAsking(true)}>
          Archive
          <span class="unseen"> {name}</span>
        </button>
      )}
      <Dialog
        isOpen={isAsking}
        title="Archive this ad?"
        onClose={() => setIsAsking(false)}
        onSubmit={() => {
          setIsAsking(false);
          saving.run(async () => {
            await changeStatus(ad, 'archived');
            // The button that opened the dialog is gone.
            first.current?.focus();
          });
        }}
      >
        <p dir="auto">
          <b>{name}</b>
        </p>
        <p>
          Within two seconds its VAST has no ad. Counts and history stay, and late events still count. You can restore
          the ad later, but not the views that it misses until then.
        </p>
        <div class="buttons">
          <button type="button" class="button" onClick={() => setIsAsking(false)}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            Archive
          </button>
        </div>
      </Dialog>
    </>
  );
}
