import { computed, signal } from '@preact/signals';
import { BASE, segmentsOf } from './addresses.js';

const address = signal(new URL(location.href));

/** The segments after `/dashboard`, decoded: `['ads', 'ad-001']`. */
export const segments = computed(() => segmentsOf(address.value.pathname));
/** The parameters of the view. */
export const parameters = computed(() => address.value.searchParams);

/** True while a form has entries that are not saved. */
export const hasEntries = signal(false);
/** The address that the user opened while a form had entries, until the user decides; undefined for none. */
export const leaving = signal<string | undefined>(undefined);

/** Opens a view. @param replace true to leave no entry in the history */
export function go(href: string, replace = false): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  address.value = new URL(location.href);
}

/** Opens a view from its top, whatever a form has. */
export function leave(href: string): void {
  hasEntries.value = false;
  leaving.value = undefined;
  go(href);
  window.scrollTo(0, 0);
}

/**
 * Follows links to views without loading the page again, and the buttons of the browser. If a form has entries, it only sets
 * `leaving`.
 */
export function followLinks(): void {
  window.addEventListener('popstate', () => {
    const { href } = location;
    if (hasEntries.value) {
      // The browser has changed the address already.
      history.pushState(null, '', address.value);
      leaving.value = href;
    } else {
      address.value = new URL(href);
    }
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || !`${link.pathname}/`.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    if (hasEntries.value) leaving.value = link.href;
    else leave(link.href);
  });
}
