import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { apiKey, keepKey } from '../api/key.js';
import { Dialog } from '../parts/dialog.js';

const isOpen = signal(false);

/** Asks for an API key. */
export function openKeyDialog(): void {
  isOpen.value = true;
}

/** The dialog, which is part of the shell. */
export function KeyDialog() {
  const input = useRef<HTMLInputElement>(null);
  const close = () => {
    isOpen.value = false;
  };
  const keep = () => {
    const key = input.current?.value.trim() ?? '';
    if (key !== '') keepKey(key);
    close();
  };
  const forget = () => {
    keepKey('');
    close();
  };
  return (
    <Dialog isOpen={isOpen.value} title="API key" onClose={close} onSubmit={keep}>
      <p>
        {apiKey.value === ''
          ? 'The key is sent with each request of this tab, and forgotten when the tab is closed.'
          : 'This tab has a key. Enter another one to replace it.'}
      </p>
      <label class="field">
        <span>Key</span>
        <input ref={input} type="password" autocomplete="off" spellcheck={false} maxLength={512} required />
      </label>
      <p class="muted">
        <code>npm start</code> prints a key that may do everything. <code>npm run keys -- add NAME --scope read</code>{' '}
        makes one that may only read.
      </p>
      <div class="buttons">
        {apiKey.value !== '' && (
          <button type="button" class="button" onClick={forget}>
            Forget the key
          </button>
        )}
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="button primary">
          Use this key
        </button>
      </div>
    </Dialog>
  );
}
