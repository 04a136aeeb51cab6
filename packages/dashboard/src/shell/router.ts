import { computed, signal } from '@preact/signals';
import { BASE, segmentsOf } from './addresses.js';

const address = signal(new URL(location.href));

/** The segments after `/dashboard`, decoded: `['ads', 'ad-001']`. */
export const segments = computed(() => segmentsOf(address.value.pathname));
/** The parameters of the view. */
export const parameters = computed(() => address.value.searchParams);

/** Opens a view. @param replace true to leave no entry in the history */
export function go(href: string, replace = false): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  address.value = new URL(location.href);
}

/** Follows links to views without loading the page again, and the buttons of the browser. */
export function followLinks(): void {
  window.addEventListener('popstate', () => {
    address.value = new URL(location.href);
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || !`${link.pathname}/`.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    go(link.href);
    window.scrollTo(0, 0);
  });
}
