import { findOnPath } from './servers/executables.js';

/** The browser of this machine that the browser tests control; undefined if it has none. */
export function findChromium(): string | undefined {
  return ['chromium', 'google-chrome', 'chromium-browser', 'chrome'].map(findOnPath).find((path) => path !== undefined);
}
