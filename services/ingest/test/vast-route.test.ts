import { freePort, type LocalProcess, openGateway, openPool, openTestServers } from '@ads/local';
import { uuidv7, VERDICTS } from '@ads/models';
import { VASTClient, VASTTracker } from '@dailymotion/vast-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { vastRoute } from '../src/tags/vast-route.js';
import { vastProblems } from './vast-rules.js';

const KEY = 'the-key-of-vast-tests';
const testServers = openTestServers();
let ingest: LocalProcess | undefined;
let pool: ReturnType<typeof openPool>;
/** The address in front of ingest. */
let base: string;

// Without NATS, an event that was answered is in Postgres.
beforeAll(async () => {
  const [database, nobody] = await Promise.all([testServers.database(), freePort()]);
  const gateway = await openGateway({ host: '127.0.0.1', port: 0, portOf: () => ingest?.port });
  testServers.onRelease(() => gateway.close());
  base = `http://127.0.0.1:${gateway.port}`;
  const ports = { NATS_URL: `nats://127.0.0.1:${nobody}`, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(nobody) };
  const signing = { TAG_SIGNING: 'enforce', TAG_SIGNING_KEYS: `k1:${'0123456789abcdef'.repeat(2)}` };
  const own = { ADMIN_API_KEY: KEY, PUBLIC_URL: `${base}/`, TRUST_PROXY: 'loopback' };
  const env = { ...database, ...ports, ...signing, ...own };
  ingest = await testServers.service({ name: 'ingest', env });
  pool = openPool(database);
  testServers.onRelease(() => pool.end());
  await create({ id: 'inner', ...VIDEO });
});
afterAll(testServers.release);

const VIDEO = {
  target_url: 'https://shop.example/?click={click_id}',
  duration_seconds: 20,
  skip_offset: '00:00:05',
  media: [{ url: 'https://cdn.example/a.mp4', type: 'video/mp4', width: 640, height: 360, delivery: 'progressive' }],
};

async function create(ad: object): Promise<void> {
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
  const { status } = await fetch(`${base}/api/v1/ads`, { method: 'POST', headers, body: JSON.stringify(ad) });
  expect(status).toBe(201);
}

async function vast(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${base}${path}`, { method, headers });
  const header = (name: string) => response.headers.get(name);
  return { status: response.status, header, xml: await response.text() };
}

/** The kinds of the stored events by ad, session and placement. */
async function stored(): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>(
    "SELECT concat_ws(' ', ad_id, placement, count(DISTINCT session_id), string_agg(kind, ' ' ORDER BY kind)) AS text FROM ad_events GROUP BY ad_id, placement ORDER BY 1",
  );
  return rows.map(({ text }) => text);
}

/** The values of a metric that are not zero, by their labels. */
async function metricsOf(name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${ingest?.port}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}\\{(.*?),service="ingest"\\} (\\d+)$`, 'gm'))];
  return Object.fromEntries(
    values.map(([, labels, value]) => [labels, Number(value)]).filter(([, value]) => value !== 0),
  );
}

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

/** Fetches a URL like a browser. */
const get = (url: string, userAgent = BROWSER) =>
  fetch(url, { redirect: 'manual', headers: { 'User-Agent': userAgent } });

/** The events of an ad by their verdicts, which are numbers. */
async function verdicts(adId: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ verdict: number | null; events: number }>(
    'SELECT verdict, count(*)::integer AS events FROM ad_events WHERE ad_id = $1 GROUP BY verdict',
    [adId],
  );
  return Object.fromEntries(rows.map(({ verdict, events }) => [String(verdict), events]));
}

const SIGNATURE = 'sg=k1\\.[\\da-z]{5}\\.[\\w-]{16}';

/** Lets vast-client fetch its URLs like a browser, each twice. @returns a function that waits for the answers */
function fetchImages(): () => Promise<void> {
  const answers: Promise<Response>[] = [];
  class FetchedImage {
    set src(url: string) {
      answers.push(get(url), get(url));
    }
  }
  Object.assign(globalThis, { window: {}, Image: FetchedImage });
  return async () => {
    Object.assign(globalThis, { window: undefined, Image: undefined });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
  };
}

describe('a player that plays a Wrapper around an InLine', () => {
  it('counts each event once for each of the two ads, though it fetches each URL twice', async () => {
    await create({ id: 'outer', target_url: VIDEO.target_url, vast_url: `${base}/vast/inner?placement=in` });
    const client = new VASTClient();
    const { ads } = await client.get(`${base}/vast/outer?placement=out&source=src%20%26`);
    const [ad] = ads;
    expect([ads.length, ad.title, ad.creatives[0].mediaFiles[0].fileURL]).toEqual([1, 'inner', VIDEO.media[0]?.url]);
    const fetched = fetchImages();
    const tracker = new VASTTracker(client, ad, ad.creatives[0]);
    let clicked = '';
    tracker.on('clickthrough', (url: string) => {
      clicked = url;
    });
    tracker.trackImpression();
    tracker.load();
    for (let second = 0; second <= 20; second += 1) tracker.setProgress(second);
    tracker.setMuted(true);
    tracker.setPaused(true);
    tracker.click();
    tracker.complete();
    tracker.error({ ERRORCODE: 405 });
    await fetched();
    expect(clicked).toMatch(
      new RegExp(`^${base}/c/inner\\?sid=[0-9a-f-]{36}&${SIGNATURE}&pl=in&ts=20\\d\\d-.*&cb=\\d+&ph=00%3A00%3A20`),
    );
    const follow = async () => (await get(clicked)).headers.get('location');
    expect(await follow()).toMatch(/^https:\/\/shop\.example\/\?click=[0-9a-f-]{36}$/);
    expect(await follow()).toBe(await follow());
    const both = 'click complete error firstQuartile impression loaded midpoint mute pause start thirdQuartile';
    expect(await stored()).toEqual([`inner in 1 ${both}`, `outer out 1 ${both}`]);
    expect([await verdicts('inner'), await verdicts('outer')]).toEqual([{ null: 11 }, { null: 11 }]);
    const { rows } = await pool.query(
      'SELECT count(DISTINCT viewer)::integer AS viewers, count(viewer)::integer AS known FROM ad_events',
    );
    expect(rows).toEqual([{ viewers: 1, known: 22 }]);
    // Another viewer has the same document.
    const midpoint = `${base}/t/midpoint?ad_id=inner&${new URL(clicked).searchParams}`;
    expect((await get(midpoint, `${BROWSER} Other/1`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${ingest?.port}/metrics`)).text();
    expect(metrics).toMatch(/^vast_sid_reused_total\{service="ingest"\} 1$/m);
    // Each of the 22 URLs was fetched twice, one pixel and the link once more.
    expect(await metricsOf('tag_signatures_total')).toEqual({ 'outcome="valid",key="k1"': 46 });
  });
});

describe('GET /vast/{ad_id}', () => {
  it.each([
    ['https://imasdk.googleapis.com', 'https://imasdk.googleapis.com', 'true'],
    ['null', '*', null],
    [undefined, '*', null],
  ])('answers the origin %s by its name, with credentials, or all', async (origin, allowed, credentials) => {
    const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
    for (const [path, status] of [
      ['/vast/inner', 200],
      ['/api/v1/vast/no-such-ad', 404],
      ['/vast/%20', 404],
      ['/vast/%ff', 400],
    ] as const) {
      const answer = await vast(path, headers);
      expect([path, answer.status]).toEqual([path, status]);
      expect(vastProblems(answer.xml)).toEqual([]);
      for (const [name, value] of [
        ['content-type', 'application/xml; charset=utf-8'],
        ['cache-control', 'no-store'],
        ['vary', 'Origin'],
        ['access-control-allow-origin', allowed],
        ['access-control-allow-credentials', credentials],
      ] as const) {
        expect([path, name, answer.header(name)]).toEqual([path, name, value]);
      }
    }
  });

  it('answers HEAD without a body, and counts what it serves', async () => {
    const head = await vast('/vast/inner', {}, 'HEAD');
    expect([head.status, head.xml]).toEqual([200, '']);
    expect(Number(head.header('content-length'))).toBeGreaterThan(3_000);
    const metrics = await (await fetch(`http://127.0.0.1:${ingest?.port}/metrics`)).text();
    expect(metrics).toMatch(/^vast_served_total\{result="wrapper",service="ingest"\} 1$/m);
    // One in the Wrapper, and one for each origin.
    expect(metrics).toMatch(/^vast_served_total\{result="inline",service="ingest"\} 4$/m);
    expect(metrics).toMatch(/^vast_served_total\{result="unknown_ad",service="ingest"\} 6$/m);
  });

  it('carries labels and sub ids, and leaves out what is no label or an unfilled macro', async () => {
    const query = `placement=${'x'.repeat(64)}&source=${'x'.repeat(65)}&sub1=a%0Ab&sub2=[SUB2]&sub3=%26%22%5D%5D%3E&sub4=`;
    const { xml } = await vast(`/vast/inner?${query}&sid=${uuidv7(0)}&ad_id=other`);
    const carried = `&pl=${'x'.repeat(64)}&sub3=%26%22%5D%5D%3E&ts=[TIMESTAMP]`;
    expect(
      xml
        .split(new RegExp(`\\?ad_id=inner&sid=[0-9a-f-]{36}&${SIGNATURE}`))
        .slice(1)
        .every((rest) => rest.startsWith(carried)),
    ).toBe(true);
    const metrics = await (await fetch(`http://127.0.0.1:${ingest?.port}/metrics`)).text();
    for (const name of ['source', 'sub1']) {
      expect(metrics).toContain(`vast_parameters_ignored_total{parameter="${name}",service="ingest"} 1\n`);
    }
    expect(metrics).not.toMatch(/vast_parameters_ignored_total\{parameter="(placement|sub[2-5])"/);
  });
});

describe('GET /ads/{ad_id}/tags', () => {
  const read = async (query: string) => {
    const headers = { Authorization: `Bearer ${KEY}` };
    const answer = await fetch(`${base}/api/v1/ads/inner%27s/tags${query}`, { headers });
    return { status: answer.status, tags: (await answer.json()) as Record<string, string> };
  };

  it('answers tags that can be pasted, whatever the texts of the ad are', async () => {
    const target = 'https://shop.example/?p={placement}&i={click_id}';
    await pool.query("INSERT INTO ads (id, image_url, title, target_url) VALUES ('inner''s', '', $1, $2)", [
      '<b>"Sale" & \'more\'',
      target,
    ]);
    const { status, tags } = await read(`?placement=${encodeURIComponent('a"b </\'')}&source=s`);
    const { video_js, ...rest } = tags;
    const [sg = ''] = new RegExp(SIGNATURE.replace('{5}', '')).exec(tags.click_url ?? '') ?? [];
    const pixel = `${base}/t/click?ad_id=inner&#39;s&amp;pl=a%22b%20%3C%2F&#39;&amp;src=s&amp;${sg}`;
    const title = '&lt;b&gt;&quot;Sale&quot; &amp; &#39;more&#39;';
    expect([status, rest]).toEqual([
      200,
      {
        ad_id: "inner's",
        vast_url: `${base}/vast/inner's?placement=a%22b%20%3C%2F'&source=s`,
        impression_pixel: `<img src="${pixel.replace('click', 'impression')}" width="1" height="1" alt="">`,
        click_url: `${base}/c/inner's?pl=a%22b%20%3C%2F'&src=s&${sg}`,
        click_link: `<a href="${base}/c/inner&#39;s?pl=a%22b%20%3C%2F&#39;&amp;src=s&amp;${sg}" rel="noopener">${title}</a>`,
        ping_link: `<a href="https://shop.example/?p=a%22b%20%3C%2F&#39;&amp;i=" ping="${pixel}" rel="noopener">${title}</a>`,
        player_script: `<script src="${base}/player.js"></script>\n<script>AdsMetricTracker.track(document.querySelector('video'), {"adId":"inner's","endpoint":"${base}","placement":"a\\"b \\u003c/'","source":"s"});</script>`,
        curl: `curl -X POST '${base}/api/v1/ads/click' -H 'Content-Type: application/json' -d '{"ad_id":"inner'\\''s","placement":"a\\"b </'\\''","source":"s"}'`,
      },
    ]);
    expect(String(video_js)).toContain(`await client.get("${base}/vast/inner's?placement=a%22b%20%3C%2F'&source=s");`);
    const before = await metricsOf('tag_signatures_total');
    await get(tags.click_url ?? '');
    await get(`${tags.click_url}&sid=${uuidv7(Date.now())}`);
    await get(`${base}/t/start?ad_id=${encodeURIComponent("inner's")}`);
    await fetch(`${base}/t/start?ad_id=${encodeURIComponent("inner's")}`);
    expect(await metricsOf('tag_signatures_total')).toEqual({
      'outcome="valid",key="k1"': Number(before['outcome="valid",key="k1"']) + 1,
      'outcome="bad_signature",key="none"': 1,
      'outcome="unsigned",key="none"': 1,
    });
    // The last one is a bot, whose signature is not checked.
    const { unsigned, bad_signature, bot } = VERDICTS;
    expect(await verdicts("inner's")).toEqual({
      null: 1,
      [unsigned.number]: 1,
      [bad_signature.number]: 1,
      [bot.number]: 1,
    });
    // Throws an error for invalid syntax.
    new Function(`async () => {${String(video_js).replaceAll(/^import .*$/gm, '')}}`);
  });

  it('answers no link with ping for a target that is no URL, and 400 for what is no label', async () => {
    await pool.query("UPDATE ads SET target_url = 'javascript:alert(1)' WHERE id = 'inner''s'");
    expect((await read('')).tags).toMatchObject({ ping_link: null, vast_url: `${base}/vast/inner's` });
    for (const query of [`?placement=${'x'.repeat(65)}`, '?source=', '?sub1=a'])
      expect((await read(query)).status).toBe(400);
  });
});

it('never makes the same session twice, of 100,000', async () => {
  const ad = {
    id: 'a',
    status: 'paused',
    media: [],
    vast_url: null,
    companion: null,
    target_url: '',
    starts_at: null,
    ends_at: null,
  };
  const ads = { get: () => ad, find: () => undefined } as unknown as Parameters<typeof vastRoute>[0]['ads'];
  const metrics = { served: () => undefined, ignored: () => undefined };
  const empty = { onEmpty: () => undefined, signing: undefined };
  const { handler } = vastRoute({ ads, publicUrl: '', metrics, ...empty, now: () => Date.now() });
  const context = { request: { method: 'GET' } } as unknown as Parameters<typeof handler>[0];
  const sids = new Set<string>();
  for (let made = 0; made < 100_000; made += 1) {
    const { body } = (await handler(context, { parameter: 'a', query: '' })) as { body: string };
    sids.add(body.slice(body.indexOf('sid=') + 4).slice(0, 36));
  }
  expect(sids.size).toBe(100_000);
});
