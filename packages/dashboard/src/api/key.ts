import { signal } from '@preact/signals';

const NAME = 'ads-api-key';

/** The API key of this tab; empty without one. It is forgotten when the tab is closed. */
export const apiKey = signal(read());

/** Keeps the key for this tab. @param key empty to forget it */
export function keepKey(key: string): void {
  apiKey.value = key;
  try {
    if (key === '') sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {
    // Without storage the key lasts until the page is closed.
  }
}

function read(): string {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
