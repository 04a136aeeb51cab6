import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { waitFor } from '@ads/local';
import { expect } from '@jest/globals';
import type { Page } from './chromium.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The visible text of the page, with single spaces. */
const textOf = async (page: Page) => (await page.run<string>('document.body.innerText')).replaceAll(/\s+/g, ' ');

/** A script that gives a tab its key, and records whatever the policy of the page forbids. */
export const withKey = (key: string) => `sessionStorage.setItem('ads-api-key', '${key}');
  window.refused = [];
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => refused.push(violatedDirective + ' ' + blockedURI));`;

/** Expects that axe finds no problem, in light and in dark colours, and that the policy of the page forbade nothing. */
export async function expectSound(page: Page): Promise<void> {
  expect(await accessProblems(page)).toEqual([]);
  expect(await page.run('window.refused ?? []')).toEqual([]);
}

/** Waits until the page shows each of these texts, and none of the others. */
export async function untilShown(page: Page, texts: readonly string[], others: readonly string[] = []): Promise<void> {
  let text = '';
  const isShown = async () => {
    text = await textOf(page);
    return texts.every((one) => text.includes(one)) && !others.some((one) => text.includes(one));
  };
  await waitFor(isShown, { timeoutMs: 20_000, what: `the page to show ${texts.join(', ')}` }).catch((error) => {
    throw new Error(`${error.message}; it shows:\n${text}`);
  });
}

/** Waits until a view is shown, with everything that it reads. */
export async function untilLoaded(page: Page): Promise<void> {
  const isLoaded = () =>
    page.run<boolean>(
      'document.querySelector("main h1") !== null && document.querySelector("[aria-busy=true]") === null',
    );
  await waitFor(isLoaded, { timeoutMs: 20_000, what: 'the view to be loaded' });
}

/** Presses keys, such as `Tab`, `Enter` or `ArrowDown`, one after the other. */
export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const code = { Enter: { windowsVirtualKeyCode: 13, text: '\r' }, Tab: { windowsVirtualKeyCode: 9 } }[key] ?? {};
    await page.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key, ...code });
    await page.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key });
  }
}

/** Moves the focus by the Tab key to the first element with this text or label. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(({ innerText, ariaLabel, labels }) => (labels?.[0] ?? {}).innerText ?? ariaLabel ?? innerText)(document.activeElement).trim()`;
  for (let presses = 0; presses < 60; presses += 1) {
    await press(page, 'Tab');
    if ((await page.run<string>(focused)).startsWith(name)) return;
  }
  throw new Error(`The Tab key does not reach ${name}`);
}

export const typeText = (page: Page, text: string) => page.send('Input.insertText', { text });

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** The problems that axe finds in light and in dark colours, one line each. */
export async function accessProblems(page: Page): Promise<readonly string[]> {
  await page.run(`${AXE}; 0`);
  const problems: string[] = [];
  for (const scheme of ['light', 'dark']) {
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const found = await page.run<readonly Violation[]>(
      'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)',
    );
    for (const { id, nodes } of found) {
      problems.push(...nodes.map(({ html, failureSummary }) => `${scheme}: ${id}: ${html}: ${failureSummary}`));
    }
  }
  return problems;
}
