import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AdNames } from '../api/answers.js';
import { read } from '../api/client.js';
import { addressOf } from '../shell/addresses.js';

/** The ads whose names were read, by id. */
const known = signal<ReadonlyMap<string, AdNames>>(new Map());
const asked = new Set<string>();

/** Names that are kept: a page may be open for weeks. */
const MOST = 2_000;

async function askFor(id: string): Promise<void> {
  if (asked.has(id)) return;
  if (asked.size >= MOST) {
    asked.clear();
    known.value = new Map();
  }
  asked.add(id);
  try {
    const ad = await read<AdNames>(`/ads/${encodeURIComponent(id)}`);
    known.value = new Map(known.value).set(id, ad);
  } catch {
    // Without its name an ad is shown by its id. It is asked for again when it is shown again later.
    asked.delete(id);
  }
}

/** A link to an ad. @param query the range that is shown there */
export function AdLink({ id, query = {} }: { readonly id: string; readonly query?: Readonly<Record<string, string>> }) {
  return (
    <a class="quiet" href={addressOf(['ads', id], query)}>
      <AdName id={id} />
    </a>
  );
}

/** The title of an ad above its id; the id alone while the title is not known. */
function AdName({ id }: { readonly id: string }) {
  useEffect(() => void askFor(id), [id]);
  const title = known.value.get(id)?.title;
  return (
    <span class="ad-name">
      <span class="ad-title" dir="auto">
        {title ?? id}
      </span>
      {title == null ? null : (
        <span class="muted ad-id" dir="auto">
          {id}
        </span>
      )}
    </span>
  );
}
