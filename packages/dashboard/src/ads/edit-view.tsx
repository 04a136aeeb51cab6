import { useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.js';
import { useReading } from '../api/use-reading.js';
import { Loaded } from '../parts/states.js';
import { useUnsaved } from '../shell/unsaved.js';
import { AdForm } from './ad-form.js';
import { type AdVersion, changeAd, readVersion } from './changes.js';
import { Conflict, type LostUpdate, readConflict } from './conflict.js';
import { changesOf, rebase, textsOf } from './form.js';
import { NeedsKey } from './needs-key.js';
import { useSaving } from './saving.js';

/** Changes an ad. */
export function EditView({ id }: { readonly id: string }) {
  return (
    <NeedsKey purpose="change ads">
      <EditAd id={id} />
    </NeedsKey>
  );
}

function EditAd({ id }: { readonly id: string }) {
  const reading = useReading((signal) => readVersion(id, signal), [id]);
  const first = useRef<AdVersion>(undefined);
  first.current ??= reading.value;
  // A key that does not work must not cost the entries.
  if (first.current !== undefined) return <EditForm first={first.current} />;
  return <Loaded reading={reading}>{() => null}</Loaded>;
}

/** @param first the version that the form begins with; later ones come from its own requests */
function EditForm({ first }: { readonly first: AdVersion }) {
  const [version, setVersion] = useState(first);
  const [texts, setTexts] = useState(() => textsOf(first.ad));
  const [conflict, setConflict] = useState<LostUpdate>();
  const [isSaved, setIsSaved] = useState(false);
  const saving = useSaving();
  const before = textsOf(version.ad);
  const changes = changesOf(before, texts);
  const count = Object.keys(changes).length;
  useUnsaved(count > 0);

  const begin = (next: AdVersion, withTexts: Parameters<typeof setTexts>[0] = textsOf(next.ad)) => {
    setVersion(next);
    setTexts(withTexts);
    setConflict(undefined);
  };
  const save = () =>
    saving.run(async () => {
      try {
        const next = await changeAd(version, changes);
        // Entries that were typed meanwhile stay.
        begin(next, (typed) => rebase(texts, typed, textsOf(next.ad)));
        setIsSaved(true);
      } catch (error) {
        if (!(error instanceof ApiProblem && error.status === 412)) throw error;
        setConflict(await readConflict(version.ad));
      }
    });

  return (
    <>
      {conflict !== undefined && (
        <Conflict
          before={version.ad}
          mine={texts}
          conflict={conflict}
          onKeep={() => begin(conflict.theirs, rebase(before, texts, textsOf(conflict.theirs.ad)))}
          onDiscard={() => begin(conflict.theirs)}
        />
      )}
      <AdForm
        texts={texts}
        onChange={(part) => {
          setIsSaved(false);
          setTexts((given) => ({ ...given, ...part }));
        }}
        saving={saving}
        onSave={save}
        isNew={false}
      >
        <span class="muted" role="status">
          {isSaved ? 'Saved.' : count > 0 && (count === 1 ? '1 field changed' : `${count} fields changed`)}
        </span>
        <button
          type="button"
          class="button"
          disabled={count === 0}
          onClick={() => {
            saving.forget(Object.keys(before));
            setTexts(before);
          }}
        >
          Undo the changes
        </button>
        <button type="submit" class="button primary" disabled={count === 0 || conflict !== undefined}>
          {saving.isBusy ? 'Saving…' : 'Save'}
        </button>
      </AdForm>
    </>
  );
}
