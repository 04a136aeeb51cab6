import { join } from 'node:path';
import { openTestServers, type TestStack } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page, startChromium } from './support/chromium.js';
import { accessProblems, press, tabTo, textOf, typeText, untilShown } from './support/dashboard-page.js';

const ADMIN = 'the-key-of-dashboard-tests';

const testServers = openTestServers();
let stack: TestStack;
let browser: Browser;

beforeAll(async () => {
  if (chromium === undefined) return;
  const [postgres, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  stack = await testServers.stack({
    ...{ ...postgres, ...redis.env, ...nats.env, ADMIN_API_KEY: ADMIN, READ_ACCESS: 'key' },
  });
  browser = startChromium(join(testServers.folder, 'browser'));
  testServers.onRelease(browser.close);
});

afterAll(() => testServers.release());

// This machine may have no browser.
const inBrowser = chromium === undefined ? test.skip : test;

async function post(path: string, body: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${ADMIN}` };
  const answer = await fetch(`${stack.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect([answer.status, await answer.text()]).toEqual([expect.any(Number), expect.not.stringContaining('"error"')]);
}

/** Opens a view in a tab that has the key, and records whatever the page's policy forbids. */
function open(view: string, key = ADMIN): Promise<Page> {
  return browser.open(
    `${stack.url}${view}`,
    `sessionStorage.setItem('ads-api-key', '${key}');
     window.refused = [];
     addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => refused.push(violatedDirective + ' ' + blockedURI));`,
  );
}

/** Reads the page aloud for those who cannot see it, and looks for what its policy had to stop. */
async function expectSound(page: Page): Promise<void> {
  expect(await accessProblems(page)).toEqual([]);
  expect(await page.run('window.refused ?? []')).toEqual([]);
}

inBrowser('a new user gets in by keyboard alone, and is told what to do first', async () => {
  const page = await browser.open(`${stack.url}/`);
  await untilShown(page, ['A key is needed']);
  await expectSound(page);
  await tabTo(page, 'Enter an API key');
  await press(page, 'Enter');
  await untilShown(page, ['forgotten when the tab is closed']);
  await expectSound(page);
  await typeText(page, ADMIN);
  await press(page, 'Enter');
  await untilShown(page, ['Live', 'Nothing has been counted yet', 'Register an ad'], ['A key is needed']);
  await expectSound(page);
  expect(await page.run('location.pathname')).toBe('/dashboard/now');
  await page.send('Page.reload');
  await untilShown(page, ['Nothing has been counted yet']);
  await page.close();

  const other = await browser.open(`${stack.url}/dashboard/now`);
  await untilShown(other, ['A key is needed']);
  await other.close();
});

inBrowser(
  'events appear by themselves, with hostile names as plain text, and also after the network was away',
  async () => {
    const title = '"><img src=x onerror="document.title=1"><script>alert(1)</script> עברית';
    await post('/ads', { id: 'hostile', title, target_url: 'https://example.com/' });
    const page = await open('/dashboard/now');
    await untilShown(page, ['Live', 'Nothing has been counted yet']);
    const events = ['click', 'impression', 'impression', 'start', 'complete'].map((kind) => ({
      kind,
      ad_id: 'hostile',
    }));
    await post('/ads/events', { events });
    await untilShown(page, ['1 click, 2 impressions', title, '50.00%', '100.00%'], ['Nothing has been counted yet']);
    expect(await page.run('document.querySelectorAll("img").length')).toBe(0);
    await expectSound(page);

    const setOffline = (offline: boolean) =>
      page.send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    await setOffline(true);
    await untilShown(page, ['You are offline', '50.00%']);
    await post('/ads/click', { ad_id: 'hostile' });
    await setOffline(false);
    // The missed click is in the numbers, and not shown as one of this second.
    await untilShown(page, ['Live', '100.00%'], ['You are offline', '50.00%']);
    expect(await textOf(page)).not.toContain('1 click\n');
    await page.close();
  },
);

inBrowser('what the browser keeps is only its own, and nothing is fetched from elsewhere', async () => {
  const page = await open('/dashboard/now');
  await untilShown(page, ['Live', 'Busiest ads']);
  const origins = await page.run(
    '[...new Set(performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin))]',
  );
  expect(origins).toEqual([stack.url]);
  expect(await page.run('[localStorage.length, document.cookie, Object.keys(sessionStorage)]')).toEqual([
    0,
    '',
    ['ads-api-key'],
  ]);
  await page.close();
});
