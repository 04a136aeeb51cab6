import { signal } from '@preact/signals';
import type { Link } from '../api/live.js';

/** The live connection of the present view; undefined if the view has none. */
export const link = signal<Link | undefined>(undefined);

/** The problem that the open live stream reports of its source; undefined if there is none. */
export const liveTrouble = signal<string | undefined>(undefined);

/** True while the browser has a network. */
export const isOnline = signal(navigator.onLine);

export function watchNetwork(): void {
  for (const name of ['online', 'offline']) {
    window.addEventListener(name, () => {
      isOnline.value = navigator.onLine;
    });
  }
}
