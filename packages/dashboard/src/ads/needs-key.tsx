import type { ComponentChildren } from 'preact';
import { apiKey } from '../api/key.js';
import { Notice } from '../parts/states.js';
import { openKeyDialog } from '../shell/key-dialog.js';

/** Shows its children if this tab has a key, and how to get one otherwise. @param purpose continues "A key is needed to" */
export function NeedsKey({ purpose, children }: { readonly purpose: string; readonly children: ComponentChildren }) {
  if (apiKey.value !== '') return <>{children}</>;
  return (
    <Notice title={`A key is needed to ${purpose}`}>
      <p>
        <code>npm start</code> prints one, and keeps it in <code>.local/admin-api-key</code>. Other keys need the scope{' '}
        <code>manage</code>.
      </p>
      <button type="button" class="button primary" onClick={openKeyDialog}>
        Enter an API key
      </button>
    </Notice>
  );
}
