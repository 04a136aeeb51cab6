import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { findChromium } from '@ads/local';

/** The browser of this machine; undefined if it has none. */
export const chromium = findChromium();

/** A tab. */
export interface Page {
  /** Sends a command of the Chrome DevTools protocol. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** Runs an expression in the page, and returns the JSON value of its result or of its promise. */
  run<T>(expression: string): Promise<T>;
  /** Closes the tab as a user does. */
  close(): Promise<void>;
}

export interface Browser {
  /** @param before a script that runs before those of the page */
  open(url: string, before?: string): Promise<Page>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A time zone in which it is about noon, so that no day ends during a test. The names of these zones have the opposite sign. */
function zoneOfNoon(): string {
  const offset = 12 - new Date().getUTCHours();
  return `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
}

/** Starts the browser, which is controlled through a pipe. @param folder takes its profile */
export function startChromium(folder: string): Browser {
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    `--user-data-dir=${folder}`,
    '--remote-debugging-pipe',
  ];
  const browser = spawn(chromium ?? '', options, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: zoneOfNoon() },
  });
  const send = openProtocol(browser);
  return {
    async open(url, before) {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank', newWindow: true });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      const page: Page = {
        send: (method, params = {}) => send(method, params, sessionId as string),
        async run<T>(expression: string) {
          const given = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
          const { result, exceptionDetails } = await page.send('Runtime.evaluate', given);
          if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
          return (result as { value?: unknown }).value as T;
        },
        close: async () => void (await send('Target.closeTarget', { targetId })),
      };
      await page.send('Page.enable');
      if (before !== undefined) await page.send('Page.addScriptToEvaluateOnNewDocument', { source: before });
      await page.send('Page.navigate', { url });
      return page;
    },
    async close() {
      if (browser.exitCode !== null || browser.signalCode !== null) return;
      browser.kill();
      await once(browser, 'close');
    },
  };
}

type Send = (method: string, params: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Messages are JSON texts, which end with a NUL. */
function openProtocol({ stdio }: ChildProcess): Send {
  const [, , , input, output] = stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (message: Message) => void>();
  let last = 0;
  let rest = '';
  output.setEncoding('utf8').on('data', (part: string) => {
    const messages = (rest + part).split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const message = JSON.parse(text) as Message;
      waiting.get(message.id ?? 0)?.(message);
    }
  });
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      const id = last;
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}
