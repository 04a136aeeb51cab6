import { join } from 'node:path';
import { openTestServers, type TestStack, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page, startChromium } from './support/chromium.js';
import { expectSound, press, tabTo, typeText, untilLoaded, untilShown, withKey } from './support/dashboard-page.js';

/* Tests of the dashboard that take long. `npm run test:browser` runs them, `npm test` does not. */

const ADMIN = 'the-key-of-long-dashboard-tests';
const ADS = 10_000;
const EVENTS = 600;

const isRun = chromium !== undefined && process.env.BROWSER_TESTS === 'all';
const inBrowser = isRun ? test : test.skip;

const testServers = openTestServers();
let stack: TestStack;
let browser: Browser;

beforeAll(async () => {
  if (!isRun) return;
  const [postgres, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  stack = await testServers.stack({ ...postgres, ...redis.env, ...nats.env, ADMIN_API_KEY: ADMIN });
  browser = startChromium(join(testServers.folder, 'browser'));
  testServers.onRelease(browser.close);
});

afterAll(() => testServers.release());

const open = (view: string): Promise<Page> => browser.open(`${stack.url}${view}`, withKey(ADMIN));

async function post(path: string, type: string, body: string): Promise<void> {
  const headers = { 'Content-Type': type, Authorization: `Bearer ${ADMIN}` };
  const answer = await fetch(`${stack.url}/api/v1${path}`, { method: 'POST', headers, body });
  expect([answer.status, answer.status < 300 ? '' : await answer.text()]).toEqual([answer.status, '']);
}

const clicksOf = (adId: string, count: number) =>
  post(
    '/ads/events',
    'application/json',
    JSON.stringify({ events: Array.from({ length: count }, () => ({ kind: 'click', ad_id: adId })) }),
  );

inBrowser('two tabs show the same clicks as the API while events arrive', async () => {
  const pages = await Promise.all([open('/dashboard/now'), open('/dashboard/now')]);
  for (const page of pages) await untilShown(page, ['Live']);
  for (let sent = 0; sent < EVENTS; sent += 50) await clicksOf('ad-001', 50);
  const total = async () => {
    const answer = await fetch(`${stack.url}/api/v1/ads/analytics?ad_id=ad-001`);
    return ((await answer.json()) as { total_clicks: number }).total_clicks === EVENTS;
  };
  await waitFor(total, { timeoutMs: 20_000, what: `${EVENTS} clicks to be counted` });
  for (const page of pages) await untilShown(page, [`Clicks today ${EVENTS}`]);
  await Promise.all(pages.map((page) => page.close()));
});

inBrowser('a reader with a slow network sees the page and its numbers', async () => {
  const page = await browser.open('about:blank', withKey(ADMIN));
  const slow = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 20_000 };
  await page.send('Network.emulateNetworkConditions', slow);
  await page.send('Page.navigate', { url: `${stack.url}/dashboard/now` });
  await untilShown(page, ['Live', `Clicks today ${EVENTS}`]);
  await clicksOf('ad-001', 1);
  await untilShown(page, [`Clicks today ${EVENTS + 1}`]);
  await page.close();
});

inBrowser(`a list of ${ADS} ads is searched, and stays quick`, async () => {
  for (let first = 0; first < ADS; first += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, index) =>
      JSON.stringify({
        id: `bulk-${first + index}`,
        title: `Bulk ${first + index}`,
        target_url: 'https://example.com/',
      }),
    );
    await post('/ads/import', 'application/x-ndjson', lines.join('\n'));
  }
  const page = await open('/dashboard/ads');
  await untilShown(page, [`bulk-${ADS - 1}`]);
  expect(await page.run<number>('document.querySelectorAll("tbody tr").length')).toBeLessThan(1_001);
  await tabTo(page, 'Search');
  await typeText(page, 'bulk-1234');
  await press(page, 'Enter');
  await untilShown(page, ['Bulk 1234'], [`Bulk ${ADS - 1}`]);
  await expectSound(page);
  await page.close();
});

inBrowser('the media team registers, tests and reports an ad by keyboard alone', async () => {
  const page = await open('/dashboard/now');
  await untilShown(page, ['Live']);
  // The name of the product begins with "Ads" too, and is before it.
  await tabTo(page, 'Report');
  await tabTo(page, 'Ads');
  await press(page, 'Enter');
  await untilShown(page, ['New ad']);
  await tabTo(page, 'New ad');
  await press(page, 'Enter');
  await untilShown(page, ['Only the target URL is required']);
  await tabTo(page, 'Title');
  await typeText(page, 'By keyboard');
  await tabTo(page, 'Id');
  await typeText(page, 'by-keyboard');
  await tabTo(page, 'Target URL');
  await typeText(page, 'https://shop.example.com/');
  await press(page, 'Enter');
  await untilShown(page, ['The ad was created', 'Impression pixel']);
  await tabTo(page, 'Test a tag');
  await press(page, 'Enter');
  await untilShown(page, ['Waiting for the first event of this ad']);
  await clicksOf('by-keyboard', 1);
  await untilShown(page, ['The tag works']);
  await tabTo(page, 'Report');
  await press(page, 'Enter');
  await untilShown(page, ['Save as CSV']);
  await page.close();
});

inBrowser.each(['America/St_Johns', 'Australia/Eucla', 'Pacific/Kiritimati'])(
  'times are in the zone of the browser: %s',
  async (timezoneId) => {
    const page = await browser.open('about:blank', withKey(ADMIN));
    await page.send('Emulation.setTimezoneOverride', { timezoneId });
    await page.send('Page.navigate', { url: `${stack.url}/dashboard/report?range=today&group=ad&interval=total` });
    await untilShown(page, ['Save as CSV']);
    expect(await page.run('Intl.DateTimeFormat().resolvedOptions().timeZone')).toBe(timezoneId);
    expect(await page.run('[...document.querySelectorAll("input")].map(({ value }) => value)')).toContain(timezoneId);
    await page.close();
  },
);

inBrowser.each([
  '/dashboard/now',
  '/dashboard/report?range=7d&group=ad',
  '/dashboard/ads',
  '/dashboard/new-ad',
  '/dashboard/import-ads',
  '/dashboard/ads/ad-001',
  '/dashboard/ads/no-such-ad',
  '/dashboard/nowhere',
])('axe finds no problem in light and dark: %s', async (view) => {
  const page = await open(view);
  await untilLoaded(page);
  await expectSound(page);
  await page.close();
});
