import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { findOnPath, openTestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openEnvironment } from './support/environment.js';

const chromium = ['chromium', 'google-chrome', 'chromium-browser', 'chrome'].map(findOnPath).find(Boolean);

/** The code of each way in which a page can report a click, with `url` and `click` in scope. */
const WAYS: Readonly<Record<string, string>> = {
  'fetch with JSON': `fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: json, keepalive: true })`,
  'fetch with headers of tracing libraries': `fetch(url, { method: 'POST', body: json, headers: { 'Content-Type': 'application/json', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'sentry-trace': 'a-b-1', baggage: 'a=b', 'X-Our-Own': 'x' } })`,
  'fetch with credentials': `fetch(url, { method: 'POST', credentials: 'include', body: json })`,
  'fetch with an untyped Blob': `fetch(url, { method: 'POST', body: new Blob([json]) })`,
  'sendBeacon with a text': `navigator.sendBeacon(url, json)`,
  'sendBeacon with a Blob of application/json': `navigator.sendBeacon(url, new Blob([json], { type: 'application/json' }))`,
  'sendBeacon with an untyped Blob': `navigator.sendBeacon(url, new Blob([json]))`,
  'sendBeacon with bytes': `navigator.sendBeacon(url, new TextEncoder().encode(json))`,
  'sendBeacon with FormData': `(() => { const form = new FormData(); for (const [name, value] of Object.entries(click)) form.append(name, value); navigator.sendBeacon(url, form); })()`,
  'sendBeacon with URLSearchParams': `navigator.sendBeacon(url, new URLSearchParams(click))`,
  'a sandboxed frame': `document.body.append(Object.assign(document.createElement('iframe'), { sandbox: 'allow-scripts', srcdoc: '<script>navigator.sendBeacon("' + url + '", new Blob([' + JSON.stringify(json) + '], { type: "application/json" }))<' + '/script>' }))`,
  'a ping': `(() => { const a = Object.assign(document.createElement('a'), { href: '#there', ping: url + '?' + new URLSearchParams(click) }); document.body.append(a); a.click(); })()`,
};

const testServers = openTestServers();
let environment: Environment;
let site: Server;
const clicks = new Map(Object.keys(WAYS).map((way) => [way, randomUUID()]));

function page(): string {
  const reports = Object.entries(WAYS).map(([way, code]) => {
    const click = { ad_id: 'ad-001', click_id: clicks.get(way), video_play_time: 12.345 };
    return `{ const click = ${JSON.stringify(click)}; const json = JSON.stringify(click); ${code}; }`;
  });
  const url = JSON.stringify(`${environment.stack.url}/api/v1/ads/click`);
  return `<!doctype html><title>A site with a player</title><body><script>const url = ${url};\n${reports.join('\n')}</script>`;
}

beforeAll(async () => {
  environment = await openEnvironment(testServers, await testServers.database());
  site = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(page()));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  testServers.onRelease(() => site.close());
});

afterAll(() => testServers.release());

// This machine may have no browser. The contract tests send the same headers without one.
const inBrowser = chromium === undefined ? test.skip : test;

inBrowser('a click counts in whatever way a page of another origin reports it', async () => {
  const { port } = site.address() as AddressInfo;
  const browser = spawn(
    chromium ?? '',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${join(testServers.folder, 'browser')}`,
      // With this option the browser runs until it is ended.
      '--remote-debugging-port=0',
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: 'ignore' },
  );
  const closed = once(browser, 'close');
  testServers.onRelease(() => browser.kill());
  const missing = async () => {
    const { rows } = await environment.admin.database.query<{ id: string }>(
      'SELECT id FROM ad_events WHERE id = ANY($1)',
      [[...clicks.values()]],
    );
    const stored = new Set(rows.map(({ id }) => id));
    return [...clicks].filter(([, id]) => !stored.has(id)).map(([way]) => way);
  };
  await waitFor(async () => (await missing()).length === 0, {
    timeoutMs: 60_000,
    what: 'all clicks to be stored',
  }).catch(() => undefined);
  expect(await missing()).toEqual([]);
  browser.kill();
  await closed;
});
