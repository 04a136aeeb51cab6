import { useRef, useState } from 'preact/hooks';
import { addressOf } from '../shell/addresses.js';
import { go } from '../shell/router.js';
import { useUnsaved } from '../shell/unsaved.js';
import { AdForm } from './ad-form.js';
import { createAd } from './changes.js';
import { bodyOfNew, NEW_AD } from './form.js';
import { NeedsKey } from './needs-key.js';
import { useSaving } from './saving.js';

const UNTOUCHED = JSON.stringify(bodyOfNew(NEW_AD));

/** Registers an ad. */
export function NewAdView() {
  return (
    <NeedsKey purpose="create ads">
      <NewAd />
    </NeedsKey>
  );
}

function NewAd() {
  const [texts, setTexts] = useState(NEW_AD);
  useUnsaved(JSON.stringify(bodyOfNew(texts)) !== UNTOUCHED);
  const saving = useSaving();
  /** A repeated request has the key of the first one, so that it creates one ad. */
  const attempt = useRef({ body: '', key: '' });
  const save = () => {
    const body = bodyOfNew(texts);
    const text = JSON.stringify(body);
    if (attempt.current.body !== text) attempt.current = { body: text, key: randomKey() };
    saving.run(async () => {
      const { id } = await createAd(body, attempt.current.key);
      go(addressOf(['ads', id, 'tags'], { created: '1' }));
    });
  };
  return (
    <>
      <p class="muted under-heading">An ad takes events as soon as it exists. Only the target URL is required.</p>
      <AdForm
        texts={texts}
        onChange={(part) => setTexts((before) => ({ ...before, ...part }))}
        saving={saving}
        onSave={save}
        isNew
      >
        <a class="button" href={addressOf(['ads'])}>
          Cancel
        </a>
        <button type="submit" class="button primary">
          {saving.isBusy ? 'Creating…' : 'Create the ad'}
        </button>
      </AdForm>
    </>
  );
}

/** Browsers offer `crypto.randomUUID` only on https and localhost. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');
}
