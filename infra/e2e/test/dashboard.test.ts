import { join } from 'node:path';
import { openTestServers, type TestStack } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page, startChromium } from './support/chromium.js';
import { expectSound, press, tabTo, typeText, untilShown, withKey } from './support/dashboard-page.js';

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

async function send(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<string> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${ADMIN}` };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const text = await (await fetch(`${stack.url}/api/v1${path}`, init)).text();
  expect(text).not.toContain('"error"');
  return text;
}
const post = (path: string, body: object) => send('POST', path, body);

/** Opens a view in a tab that has the key, and records whatever the page's policy forbids. */
function open(view: string, key = ADMIN): Promise<Page> {
  return browser.open(`${stack.url}${view}`, withKey(key));
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
    await fetch(`${stack.url}/t/start?ad_id=wrong-%E2%80%AE<b>`);
    await fetch(`${stack.url}/vast/hostile`);
    await untilShown(page, ['1 click', '2 impressions', title, '50.00%', '100.00%'], ['Nothing has been counted yet']);
    expect(await page.run('document.querySelectorAll("img").length')).toBe(0);
    await expectSound(page);

    const setOffline = (offline: boolean) =>
      page.send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    const rejected = [
      'The request is not valid ad_id must be',
      'wrong-\uFFFD<b> Pixel 1',
      'VAST without an ad the ad has neither',
    ];
    await untilShown(page, rejected);
    await setOffline(true);
    await untilShown(page, ['You are offline', '50.00%']);
    await post('/ads/click', { ad_id: 'hostile' });
    await setOffline(false);
    // The missed click is in the numbers.
    await untilShown(page, ['Live', '100.00%'], ['You are offline', '50.00%']);
    await page.close();
  },
);

inBrowser('a report shows the days of the chosen zone, and is the same in its address and as a file', async () => {
  const at = (day: string, time: string, kind: string) => ({ kind, ad_id: 'ad-001', timestamp: `${day}T${time}:00Z` });
  await post('/ads/events', {
    events: [
      at('2026-01-09', '12:00', 'click'),
      at('2026-01-10', '12:00', 'click'),
      at('2026-01-10', '22:30', 'click'),
      ...['22:30', '22:31', '22:32', '22:33'].map((time) => at('2026-01-10', time, 'impression')),
    ],
  });
  const rowsOf = (page: Page) =>
    page.run<string[]>(
      '[...document.querySelectorAll("tbody tr")].map(({ cells }) => [...cells].slice(0, 6).map(({ innerText }) => innerText).join("|"))',
    );
  const dates = 'interval=day&range=custom&from=2026-01-10&to=2026-01-11&compare=1';
  const page = await open(`/dashboard/report?${dates}&tz=UTC`);
  await untilShown(page, ['Sat, Jan 10, 2026', 'Save as CSV']);
  expect(await rowsOf(page)).toEqual(['Sat, Jan 10, 2026|2|0|–|4|50.00%', 'Sun, Jan 11, 2026|0|1|-100%|0|–']);
  await expectSound(page);

  await tabTo(page, 'Time zone');
  await page.run('document.activeElement.select()');
  await typeText(page, 'Asia/Tokyo');
  await press(page, 'Enter');
  await untilShown(page, ['GMT+9', 'Jan 10, 2026, 12:00 AM to Jan 12, 2026, 12:00 AM', '100%']);
  const tokyo = ['Sat, Jan 10, 2026|1|0|–|0|–', 'Sun, Jan 11, 2026|1|1|0%|4|25.00%'];
  expect(await rowsOf(page)).toEqual(tokyo);

  await page.run(`window.saved = []; ((make) => {
    URL.createObjectURL = (blob) => { saved.push(blob.text()); return make.call(URL, blob); };
  })(URL.createObjectURL); [...document.querySelectorAll('button')].find(({ innerText }) => innerText === 'Save as CSV').click();`);
  const file = await page.run<string>('saved[0]');
  expect(file.split('\r\n').map((line) => line.split(',').slice(0, 6).join('|'))).toEqual([
    'time|clicks|clicks_before|clicks_change|impressions|ctr',
    '2026-01-10T00:00:00+09:00|1|0||0|',
    '2026-01-11T00:00:00+09:00|1|1|0|4|0.25',
    '',
  ]);
  const shared = await open(await page.run<string>('location.pathname + location.search'));
  await untilShown(shared, ['GMT+9', 'Save as CSV']);
  expect(await rowsOf(shared)).toEqual(tokyo);
  await Promise.all([page.close(), shared.close()]);
});

inBrowser('the view of an ad shows how much is watched, who clicks, and what is invalid', async () => {
  await post('/ads', { id: 'seen', title: 'Seen to the end', target_url: 'https://example.com/', campaign: 'spring' });
  const played = { ad_id: 'seen', placement: 'front page', device: 'tv' };
  const kinds = [
    'impression',
    'impression',
    'start',
    'start',
    'firstQuartile',
    'midpoint',
    'thirdQuartile',
    'complete',
  ];
  const events = [...kinds.map((kind) => ({ ...played, kind })), { ...played, kind: 'click', video_play_time: 7.5 }];
  await post('/ads/events', { events });
  const bot = await fetch(`${stack.url}/t/click?ad_id=seen&cb=1`, { headers: { 'User-Agent': 'Googlebot/2.1' } });
  expect(bot.status).toBe(200);
  const page = await open('/dashboard/report?range=today&group=ad&interval=total');
  await untilShown(page, ['Seen to the end']);
  await page.run(
    '[...document.querySelectorAll("a")].find(({ innerText }) => innerText.includes("Seen to the end")).click()',
  );
  await untilShown(page, [
    'Seen to the end · campaign spring',
    'Active',
    'Watched to the end 1 50.00%',
    'Most clicks, 1, are in second 7.',
    'front page 1 2 50.00%',
    'tv 1 2 50.00%',
    '1 of 2 clicks are invalid (50.00%)',
    'Bot or program 1 0',
    'No sign of a problem was found. Checks without a finding (10)',
  ]);
  expect(await page.run('location.pathname')).toBe('/dashboard/ads/seen');
  await expectSound(page);
  await page.run('history.back()');
  await untilShown(page, ['By ad']);
  await page.close();

  const unknown = await open('/dashboard/ads/no-such-ad');
  await untilShown(unknown, ['Not found']);
  await unknown.close();
});

/** Clicks the first link or button whose text begins with the given one. */
const click = (page: Page, name: string) =>
  page.run(
    `[...document.querySelectorAll('a, button')].find((one) => one.checkVisibility() && one.innerText.replaceAll(/\\s+/g, ' ').startsWith(${JSON.stringify(name)})).click()`,
  );

/** Replaces the text of a field. */
async function enter(page: Page, field: string, text: string): Promise<void> {
  await page.run(`document.querySelector('[name="${field}"]').focus(); document.activeElement.select()`);
  await typeText(page, text);
}

inBrowser('an ad is created, its tag is copied, and the first event of the tag is seen', async () => {
  const page = await open('/dashboard/ads');
  await untilShown(page, ['ad-003', 'Newest first']);
  await expectSound(page);
  await tabTo(page, 'New ad');
  await press(page, 'Enter');
  await untilShown(page, ['Only the target URL is required']);
  await tabTo(page, 'Title');
  await typeText(page, 'Made on the page');
  await enter(page, 'id', 'made on the page');
  await press(page, 'Enter');
  await untilShown(page, ['Target URL is required', 'Id must be 1 to 128 letters', '2 fields need a correction']);
  expect(await page.run('document.activeElement.name')).toBe('id');
  await expectSound(page);
  await enter(page, 'id', 'made-here');
  // Neither a link nor the buttons of the browser lose the entries.
  for (const leave of ['history.back()', `[...document.links].find(({ innerText }) => innerText === 'Now').click()`]) {
    await page.run(leave);
    await untilShown(page, ['Leave without saving?']);
    await press(page, 'Enter');
    await untilShown(page, ['Create the ad'], ['Leave without saving?']);
  }
  expect(await page.run(`location.pathname + dispatchEvent(new Event('beforeunload', { cancelable: true }))`)).toBe(
    '/dashboard/new-adfalse',
  );
  await enter(page, 'target_url', 'https://shop.example.com/?click={click_id}');
  // The answer to the first request is lost. The second one has the same Idempotency-Key, so it creates no other ad.
  await page.run(`((send) => {
    window.fetch = async (...request) => {
      const answer = await send(...request);
      if (request[1].method !== 'POST') return answer;
      window.fetch = send;
      throw new TypeError('lost');
    };
  })(window.fetch)`);
  await press(page, 'Enter');
  await untilShown(page, ['The server cannot be reached. Try again.']);
  await press(page, 'Enter');
  await untilShown(page, ['The ad was created', 'Impression pixel', 'Made on the page'], ['Loading']);
  await expectSound(page);

  await page.run('navigator.clipboard.writeText = async (text) => { window.copied = text; }; 0');
  await click(page, 'Copy Impression pixel');
  await untilShown(page, ['Copied']);
  const [, pixel = ''] = /src="([^"]*)"/.exec(await page.run<string>('window.copied')) ?? [];
  await click(page, 'Test a tag');
  await untilShown(page, ['Waiting for the first event of this ad', 'Open it in a new tab']);
  expect(await page.run('document.title')).toBe('Test a tag · made-here · Ads Metric Tracker');
  await expectSound(page);
  const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0' };
  const { pathname, search } = new URL(pixel.replaceAll('&amp;', '&'));
  expect((await fetch(`${stack.url}${pathname}${search}`, { headers })).status).toBe(200);
  await untilShown(page, ['The tag works', '1 impression Valid']);
  await click(page, 'Numbers');
  await untilShown(page, ['Impressions 1']);
  await click(page, 'Edit');
  await untilShown(page, ['Undo the changes']);
  await enter(page, 'title', 'Not saved');
  await click(page, 'History');
  await untilShown(page, ['Leave without saving?']);
  await expectSound(page);
  await click(page, 'Leave');
  await untilShown(page, ['Created by admin'], ['Leave without saving?', 'Not saved']);
  await page.close();
});

inBrowser(
  'a change of somebody else is shown, and not overwritten; the history and the status tell of both',
  async () => {
    await post('/ads', { id: 'edited', title: 'Before', target_url: 'https://example.com/' });
    const page = await open('/dashboard/ads/edited/edit');
    await untilShown(page, ['Undo the changes']);
    await send('PATCH', '/ads/edited', { campaign: 'theirs' });
    await enter(page, 'title', 'Mine');
    await press(page, 'Enter');
    await untilShown(page, [
      'This ad was changed meanwhile by admin',
      'Campaign – theirs –',
      'Title Before Before Mine',
    ]);
    await expectSound(page);
    await click(page, 'Put my changes on top');
    await untilShown(page, ['1 field changed'], ['This ad was changed meanwhile']);
    await click(page, 'Save');
    await untilShown(page, ['Saved.']);
    expect(JSON.parse(await send('GET', '/ads/edited'))).toMatchObject({ title: 'Mine', campaign: 'theirs' });

    await click(page, 'History');
    await untilShown(page, ['Changed by admin', 'Title Before → Mine', 'Created by admin']);
    await expectSound(page);
    await click(page, 'Archive');
    await untilShown(page, ['Archive this ad?']);
    await expectSound(page);
    await tabTo(page, 'Archive');
    await press(page, 'Enter');
    await untilShown(page, ['Archived by admin', 'Status Active → Archived', 'Restore'], ['Archive this ad?']);
    expect(await page.run('document.activeElement.innerText')).toMatch(/^Restore/);
    expect(JSON.parse(await send('GET', '/ads/edited'))).toMatchObject({ status: 'archived' });
    await page.close();
  },
);

inBrowser('an import shows the verdict on each line first, and creates the valid ads', async () => {
  const page = await open('/dashboard/import-ads');
  await untilShown(page, ['An example']);
  const csv = 'id,title,target_url\nfrom-csv,"One, two",https://example.com/\nbad-line,Three,ftp://example.com/\n';
  await page.run(`((input, files) => {
    files.items.add(new File([${JSON.stringify(csv)}], 'autumn.csv'));
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  })(document.querySelector('input[type=file]'), new DataTransfer())`);
  await untilShown(page, [
    'autumn.csv: 1 of 2 lines are valid',
    '2 Valid from-csv One, two',
    '3 target_url must be an http',
  ]);
  await expectSound(page);
  expect(await send('GET', '/ads?q=from-csv')).toContain('"count":0');
  await click(page, 'Import the 1 valid');
  await untilShown(page, ['1 ad was created, 1 line was left out']);
  await click(page, 'Show the ads');
  await untilShown(page, ['from-csv', 'One, two'], ['bad-line']);
  await page.close();
});

inBrowser('a share link opens one ad to somebody without a key, until it is revoked', async () => {
  await post('/ads', { id: 'shared', title: 'Shared with a client', target_url: 'https://example.com/' });
  await post('/ads/click', { ad_id: 'shared' });
  const page = await open('/dashboard/ads/shared?range=today');
  await untilShown(page, ['Clicks 1', 'Share']);
  await tabTo(page, 'Share');
  await press(page, 'Enter');
  await untilShown(page, ['Share these numbers', 'Who gets the link']);
  await typeText(page, 'Client');
  await press(page, 'Enter');
  await untilShown(page, ['It is not shown again', 'Links that work Client until']);
  await expectSound(page);
  const link = await page.run<string>('document.querySelector("dialog code").innerText');
  expect(link).toMatch(/^http:[^#]*\/dashboard\/ads\/shared\?range=today[^#]*#share=ams_[\da-f]{64}$/);

  const shared = await browser.open(link);
  await untilShown(shared, ['Shared with you until', 'Shared with a client', 'Clicks 1'], ['API key', 'Now', 'Edit']);
  await expectSound(shared);
  expect(await shared.run('location.hash')).toBe('');
  await shared.run('history.pushState(null, "", "/dashboard/now")');
  await shared.send('Page.reload');
  await untilShown(shared, ['Shared with you until', 'Clicks 1']);
  expect(await shared.run('location.pathname')).toBe('/dashboard/ads/shared');

  await page.run(
    '[...document.querySelectorAll("dialog button")].find(({ innerText }) => innerText.startsWith("Revoke")).click()',
  );
  await untilShown(page, ['Create link'], ['Links that work']);
  await shared.send('Page.reload');
  await untilShown(shared, ['This link does not work', 'The share link was revoked'], ['Clicks']);
  await Promise.all([page.close(), shared.close()]);
});

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
