import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openTestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page, startChromium } from './support/chromium.js';
import { type Environment, openEnvironment } from './support/environment.js';
import { openPlayer, playerPage, RECORD_CLIP } from './support/player-page.js';

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
let browser: Browser;
let port: number;
/** A video of a second. */
let clip = Buffer.alloc(0);
const clicks = new Map(Object.keys(WAYS).map((way) => [way, randomUUID()]));

function pageOfClicks(): string {
  const reports = Object.entries(WAYS).map(([way, code]) => {
    const click = { ad_id: 'ad-001', click_id: clicks.get(way), video_play_time: 12.345 };
    return `{ const click = ${JSON.stringify(click)}; const json = JSON.stringify(click); ${code}; }`;
  });
  const url = JSON.stringify(`${environment.stack.url}/api/v1/ads/click`);
  return `<!doctype html><title>A site with a player</title><body><script>const url = ${url};\n${reports.join('\n')}</script>`;
}

beforeAll(async () => {
  if (chromium === undefined) return;
  environment = await openEnvironment(testServers, await testServers.database());
  const site = createServer(({ url = '' }, response) => {
    if (url === '/clip') response.setHeader('Content-Type', 'video/webm').end(clip);
    else
      response
        .setHeader('Content-Type', 'text/html')
        .end(url === '/clicks' ? pageOfClicks() : playerPage(environment.stack.url));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  port = (site.address() as AddressInfo).port;
  testServers.onRelease(() => site.close());
  browser = startChromium(join(testServers.folder, 'browser'));
  testServers.onRelease(browser.close);
  const recording = await browser.open('about:blank');
  clip = Buffer.from(await recording.run<string>(RECORD_CLIP), 'base64');
});

afterAll(() => testServers.release());

// This machine may have no browser. The contract tests send the same headers without one.
const inBrowser = chromium === undefined ? test.skip : test;

/** Each site is an origin with a storage of its own. */
const siteOf = (name: string) => `http://${name}.localhost:${port}`;

interface Stored {
  readonly kind: string;
  readonly play_time_ms: number | null;
  readonly age_ms: number;
}

/** The stored events of a session, when there are at least so many. */
async function storedEvents(session: string, count: number): Promise<readonly Stored[]> {
  const read = async () => {
    const { rows } = await environment.admin.database.query<Stored>(
      `SELECT kind, play_time_ms, (extract(epoch FROM now() - occurred_at) * 1000)::integer AS age_ms
       FROM ad_events WHERE session_id = $1 ORDER BY kind`,
      [session],
    );
    return rows;
  };
  await waitFor(async () => (await read()).length >= count, {
    timeoutMs: 30_000,
    what: `${count} events of ${session} to be stored`,
  }).catch(() => undefined);
  return await read();
}

const kindsOf = (events: readonly Stored[]) => events.map(({ kind }) => kind);

const WHOLE_PLAY = ['complete', 'firstQuartile', 'impression', 'midpoint', 'start', 'thirdQuartile'];

const begin = (page: Page, session: string) => page.run(`begin({ adId: 'ad-001', sessionId: '${session}' })`);

inBrowser('a click counts in whatever way a page of another origin reports it', async () => {
  await browser.open(`${siteOf('clicks')}/clicks`);
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
});

inBrowser('everything that a viewer does with a video is counted once', async () => {
  const page = await openPlayer(browser, siteOf('whole'));
  await begin(page, 'whole');
  const time = await page.run<number>(`reach(0.05).then(() => {
    video.pause();
    document.querySelector('button').click();
    video.muted = false;
    return next('volumechange');
  }).then(() => { video.muted = true; return video.currentTime; })`);
  await page.run('video.play().then(() => reach(Infinity))');
  const events = await storedEvents('whole', 11);
  expect(kindsOf(events)).toEqual([...WHOLE_PLAY, 'click', 'mute', 'pause', 'resume', 'unmute'].sort());
  const [click] = events.filter(({ kind }) => kind === 'click');
  expect(click?.play_time_ms).toBe(Math.round(1_000 * time));
  await page.close();
});

inBrowser('what happens offline is sent when the viewer is online again, once from two tabs of a site', async () => {
  const tabs = await Promise.all([1, 2].map(() => openPlayer(browser, siteOf('offline'))));
  const setOffline = (offline: boolean) =>
    Promise.all(
      tabs.map((tab) =>
        tab.send('Network.emulateNetworkConditions', {
          ...{ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
        }),
      ),
    );
  await setOffline(true);
  await Promise.all(tabs.map((tab, index) => begin(tab, `offline-${index}`)));
  await Promise.all(tabs.map((tab) => tab.run('reach(Infinity)')));
  await setOffline(false);
  for (const index of tabs.keys()) {
    expect(kindsOf(await storedEvents(`offline-${index}`, 6))).toEqual(WHOLE_PLAY);
  }
  await waitFor(async () => (await tabs[0]?.run('localStorage.length')) === 0, {
    timeoutMs: 10_000,
    what: 'the queue to be empty',
  });
  await Promise.all(tabs.map((tab) => tab.close()));
});

/** Plays the beginning of the video, and returns the kinds of the events that wait then. */
async function waitingKinds(page: Page): Promise<string[]> {
  await page.run('reach(0.05).then(() => { video.pause(); return next("pause"); })');
  const entries = await page.run<string[]>('Object.values(localStorage)');
  const kinds = entries.map((text) => JSON.parse(text).event.kind as string).sort();
  expect(kinds).toEqual(expect.arrayContaining(['impression', 'pause', 'start']));
  return kinds;
}

inBrowser('events of a tab that is closed or that crashes in mid-flight are counted once', async () => {
  // Requests of this page are never answered.
  const stuck = `window.fetch = ((real) => (url, ...rest) => String(url).includes('events') ? new Promise(() => {}) : real(url, ...rest))(fetch);`;
  const closed = await openPlayer(browser, siteOf('closed'), `${stuck} delete Request.prototype.keepalive;`);
  await begin(closed, 'closed');
  const atClose = await waitingKinds(closed);
  await closed.close();
  expect(kindsOf(await storedEvents('closed', atClose.length))).toEqual(atClose);

  const crashed = await openPlayer(browser, siteOf('crashed'), stuck);
  await begin(crashed, 'crashed');
  const atCrash = await waitingKinds(crashed);
  // No other tab sends meanwhile.
  expect(await crashed.run('navigator.locks.query().then(({ held }) => held.length)')).toBe(1);
  crashed.send('Page.crash').catch(() => undefined);
  const later = await openPlayer(browser, siteOf('crashed'));
  await begin(later, 'later');
  expect(kindsOf(await storedEvents('crashed', atCrash.length))).toEqual(atCrash);
  await later.close();
});

inBrowser('a player whose clock is wrong by ten years is counted at the right time', async () => {
  const TEN_YEARS = 10 * 365 * 86_400_000;
  await Promise.all(
    Object.entries({ ahead: TEN_YEARS, behind: -TEN_YEARS }).map(async ([name, shift]) => {
      const wrong = `Date.now = ((real) => () => real() + ${shift})(Date.now);`;
      const page = await openPlayer(browser, siteOf(name), wrong);
      await begin(page, name);
      await page.run('reach(Infinity)');
      const events = await storedEvents(name, 6);
      expect(kindsOf(events)).toEqual(WHOLE_PLAY);
      for (const { age_ms } of events) expect(Math.abs(age_ms)).toBeLessThan(60_000);
      await page.close();
    }),
  );
});
