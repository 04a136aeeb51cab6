import { openTestServers, type TestServers, waitFor } from '@ads/local';
import { uuidv7, VERSION, WINDOWS } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, createClient } from './support/client.js';
import { type ContractStack, openContractStack, whenCounted } from './support/contract-stack.js';

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Clicks of the ads in the test of pages. */
const PAGED: Readonly<Record<string, number>> = { 'page-a': 5, 'page-b': 2, 'page-c': 4, 'page-d': 2, 'page-e': 3 };
const PREFIXES = [
  { prefix: '', name: 'without a prefix', adId: 'bare' },
  { prefix: '/api/v1', name: 'under /api/v1', adId: 'prefixed' },
];

let testServers: TestServers;
let contract: ContractStack;
let client: Client;

beforeAll(async () => {
  testServers = openTestServers();
  const ads = ['quiet', 'once', 'late', 'early', 'beacon', ...Object.keys(PAGED)];
  contract = await openContractStack(testServers, [...PREFIXES.map(({ adId }) => adId), ...ads]);
  client = contract.client;
  await untilClockIsExact();
});

afterAll(() => testServers.release());

/**
 * The accepted difference between the clock of ingest and that of this host. The tests tell the time of receipt from a time
 * that is wrong by minutes; a correction of the system clock and a slow ping must not fail them.
 */
const CLOCK_ERROR_MS = 100;

/**
 * Ingest takes the time of receipt from the clock of Postgres, with an error of at most half the round trip of its fastest
 * ping. The tests compare with the clock of this host, which is the same clock.
 */
async function untilClockIsExact(): Promise<void> {
  await waitFor(
    async () => {
      const metrics = await (await fetch(`${contract.stack.url}/metrics`)).text();
      const skew = /^clock_skew_seconds\{reference="postgres".*\} (\S+)$/m.exec(metrics)?.[1];
      return Math.abs(1_000 * Number(skew)) < CLOCK_ERROR_MS / 2;
    },
    { timeoutMs: 30_000, what: 'ingest to know the clock of Postgres' },
  );
}

async function row(id: unknown): Promise<Record<string, unknown>> {
  return await waitFor(
    async () => (await contract.database.query('SELECT * FROM ad_events WHERE id = $1', [id])).rows[0],
    { timeoutMs: 10_000, what: `event ${id} in the database` },
  );
}

function inAllWindows(value: number | null): Record<string, number | null> {
  return Object.fromEntries(WINDOWS.map(({ field }) => [field, value]));
}

describe.each(PREFIXES)('the API $name', ({ prefix, adId }) => {
  it('lists the ads', async () => {
    const { status, body } = await client.get(`${prefix}/ads`);
    const { ads, count } = body as { ads: object[]; count: number };
    expect([status, count]).toEqual([200, ads.length]);
    const ad = {
      id: 'ad-001',
      image_url: 'https://example.com/images/ad-001.jpg',
      target_url: 'https://example.com/offers/ad-001',
      status: 'active',
      created_at: expect.stringMatching(ISO_TIME),
    };
    expect(ads).toContainEqual(expect.objectContaining(ad));
  });

  it('accepts a click with only an ad id', async () => {
    const before = Date.now();
    const { status, body } = await client.post(`${prefix}/ads/click`, { ad_id: adId });
    const after = Date.now();
    expect({ status, body }).toEqual({
      status: 202,
      body: {
        message: 'Click recorded',
        click_id: expect.stringMatching(UUID_V7),
        ad_id: adId,
        timestamp: expect.stringMatching(ISO_TIME),
        processing: 'asynchronous',
      },
    });
    const { click_id, timestamp } = body as { click_id: string; timestamp: string };
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(before - CLOCK_ERROR_MS);
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(after + CLOCK_ERROR_MS);
    expect(await row(click_id)).toMatchObject({
      kind: 'click',
      ad_id: adId,
      ip: '127.0.0.1',
      occurred_at: new Date(timestamp),
      received_at: new Date(timestamp),
      claimed_at: null,
      play_time_seconds: null,
      play_time_ms: null,
    });
  });

  it('accepts a click with all fields', async () => {
    const click = {
      ad_id: adId,
      ip: '2001:db8::7',
      video_play_time: 30,
      timestamp: new Date(Date.now() - 1_000).toISOString(),
      click_id: uuidv7(Date.now()),
    };
    const { status, body } = await client.post(`${prefix}/ads/click`, click);
    expect({ status, body }).toEqual({
      status: 202,
      body: {
        message: 'Click recorded',
        click_id: click.click_id,
        ad_id: adId,
        timestamp: click.timestamp,
        processing: 'asynchronous',
      },
    });
    expect(await row(click.click_id)).toMatchObject({
      kind: 'click',
      ip: '2001:db8::7',
      occurred_at: new Date(click.timestamp),
      play_time_seconds: 30,
      play_time_ms: 30_000,
    });
  });

  it('accepts impressions', async () => {
    const impression = {
      ad_id: adId,
      ip: '198.51.100.7',
      timestamp: new Date(Date.now() - 2_000).toISOString(),
      impression_id: uuidv7(Date.now()),
    };
    const full = await client.post(`${prefix}/ads/impression`, impression);
    expect([full.status, full.body]).toEqual([
      202,
      {
        message: 'Impression recorded',
        impression_id: impression.impression_id,
        ad_id: adId,
        timestamp: impression.timestamp,
        processing: 'asynchronous',
      },
    ]);
    expect(await row(impression.impression_id)).toMatchObject({ kind: 'impression', ip: '198.51.100.7' });
    const { body } = await client.post(`${prefix}/ads/impression`, { ad_id: adId });
    expect(body).toMatchObject({ impression_id: expect.stringMatching(UUID_V7), timestamp: expect.any(String) });
    for (const more of [1, 2]) await client.post(`${prefix}/ads/impression`, { ad_id: adId, more });
  });

  it('returns the counts of one ad', async () => {
    await whenCounted(client, adId, { clicks: 2, impressions: 4 });
    const { status, body, headers } = await client.get(`${prefix}/ads/analytics?ad_id=${adId}`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        ad_id: adId,
        total_clicks: 2,
        impressions: 4,
        ctr: 0.5,
        time_frames: inAllWindows(2),
        impressions_time_frames: inAllWindows(4),
        ctr_time_frames: inAllWindows(0.5),
        source: 'redis',
        timestamp: expect.stringMatching(ISO_TIME),
      },
    });
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it.each(WINDOWS)('adds clicks, impressions and CTR of $timeframe on request', async ({ timeframe }) => {
    const { body } = await client.get(`${prefix}/ads/analytics?ad_id=${adId}&timeframe=${timeframe}`);
    expect(body).toMatchObject({ ad_id: adId, timeframe, clicks: 2, timeframe_impressions: 4, timeframe_ctr: 0.5 });
    const all = await client.get(`${prefix}/ads/analytics?timeframe=${timeframe}`);
    expect(all.body).toMatchObject({ timeframe });
    for (const ad of (all.body as { analytics: object[] }).analytics) {
      expect(ad).toMatchObject({ timeframe, clicks: expect.any(Number) });
    }
  });

  it('returns the counts of all ads', async () => {
    const { status, body } = await client.get(`${prefix}/ads/analytics`);
    const { count } = (await client.get('/ads')).body as { count: number };
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        total_ads: count,
        timeframe: null,
        analytics: expect.any(Array),
        next_cursor: null,
        source: 'redis',
        generated_at: expect.stringMatching(ISO_TIME),
      },
    });
    expect((body as { analytics: object[] }).analytics).toHaveLength(count);
  });

  it('returns its version, its health and its metrics', async () => {
    const { documented, stack } = contract;
    const inside = createClient(`http://127.0.0.1:${stack.ingest.port}`, documented);
    // Each dependency is pinged every second. A failure on a busy machine shows for two more seconds.
    const health = await waitFor(
      async () => {
        const answer = await inside.get(`${prefix}/health`);
        const { status, dependencies } = answer.body as { status: string; dependencies: Record<string, object> };
        const failedLately = Object.values(dependencies).some((dependency) => 'detail' in dependency);
        return status === 'healthy' && !failedLately && answer;
      },
      { timeoutMs: 20_000, what: 'health to be healthy, for a while' },
    );
    const up = { status: 'up', breaker: 'closed' };
    expect([health.status, health.body]).toEqual([
      200,
      {
        status: 'healthy',
        service: 'ingest',
        version: VERSION,
        uptime_seconds: expect.any(Number),
        dependencies: { nats: up, postgres: up, redis: up },
      },
    ]);
    // The public address shows neither versions nor reasons, whatever headers the client sends.
    const { status, body } = await client.send('GET', `${prefix}/health`, { headers: { 'X-Forwarded-For': '' } });
    const justUp = { status: 'up' };
    expect([status, body]).toEqual([
      200,
      { status: 'healthy', dependencies: { nats: justUp, postgres: justUp, redis: justUp } },
    ]);
    expect((await client.get(`${prefix}/live`)).body).toEqual({ status: 'alive' });
    expect((await client.get(`${prefix}/ready`)).body).toEqual({ status: 'ready' });
    expect((await client.get(`${prefix}/info`)).body).toMatchObject({
      service: 'ingest',
      version: VERSION,
      node: process.version,
    });
    // The metrics may be 250 ms old.
    const metrics = await waitFor(
      async () => {
        const read = await client.get(`${prefix}/metrics`);
        return read.text.includes('ad_clicks_total{') && read;
      },
      { timeoutMs: 5_000, what: 'the first click to show in the metrics' },
    );
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.text).toMatch(/^http_requests_total\{/m);
    expect(metrics.text).toMatch(/^ad_clicks_total\{/m);
    expect(metrics.text).toContain(`build_info{version="${VERSION}",node="${process.version}",service="ingest"} 1`);
    expect((await client.get('/swagger/doc.json')).body).toMatchObject({ info: { version: VERSION } });
  });

  it('serves a page for humans', async () => {
    const page = await client.get(`${prefix}/swagger/index.html`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
    expect(files).toContain('./swagger-ui-bundle.js');
    for (const file of files) {
      // Links are relative, so that the page works under both paths and loads nothing from other hosts.
      expect(file).toMatch(/^\.\//);
      expect((await client.get(`${prefix}/swagger/${file.slice(2)}`)).status).toBe(200);
    }
    const start = await client.get(`${prefix}/swagger/swagger-ui-init.js`);
    expect(start.text).toContain('"swaggerUrl": "doc.json"');
    expect(page.headers.get('content-security-policy')).not.toMatch(/https?:|\*/);
    for (const [from, to] of [
      ['/swagger', '/swagger/index.html'],
      ['/swagger/', '/swagger/index.html'],
      ['/docs', '/swagger/index.html'],
      ['/openapi.json', '/swagger/doc.json'],
    ]) {
      const redirect = await client.get(`${prefix}${from}`);
      expect([redirect.status, redirect.headers.get('location')]).toEqual([302, `${prefix}${to}`]);
    }
  });
});

describe('an id', () => {
  it('counts once, in all notations and in body or header', async () => {
    const id = uuidv7(Date.now());
    const ways: [object, Record<string, string>][] = [
      [{ click_id: id }, {}],
      [{ click_id: id }, {}],
      [{ click_id: id.toUpperCase() }, {}],
      [{}, { 'Idempotency-Key': id }],
      [{}, { 'Idempotency-Key': `"${id}"` }],
      [{ click_id: null }, { 'Idempotency-Key': id.toUpperCase() }],
      // The id in the body wins over the header.
      [{ click_id: id }, { 'Idempotency-Key': uuidv7(Date.now()) }],
    ];
    for (const [body, headers] of ways) {
      const answer = await client.post('/ads/click', { ad_id: 'once', ...body }, headers);
      expect([answer.status, answer.body]).toEqual([202, expect.objectContaining({ click_id: id })]);
    }
    const impression = await client.post('/ads/impression', { ad_id: 'once' }, { 'Idempotency-Key': id });
    expect(impression.body).toMatchObject({ impression_id: id });
    // One consumer records messages in order, so the others are recorded when the last one is.
    await client.post('/ads/click', { ad_id: 'once' });
    expect(await whenCounted(client, 'once', { clicks: 2, impressions: 1 })).toMatchObject({
      total_clicks: 2,
      impressions: 1,
    });
  });

  it('may be any UUID', async () => {
    for (const id of ['00000000-0000-0000-0000-000000000000', 'f47ac10b-58cc-4372-a567-0e02b2c3d479']) {
      const answer = await client.post('/ads/impression', { ad_id: 'quiet', impression_id: id });
      expect([answer.status, answer.body]).toEqual([202, expect.objectContaining({ impression_id: id })]);
      await row(id);
    }
  });
});

describe('a body', () => {
  it.each([
    'text/plain;charset=UTF-8',
    'text/plain',
    'application/json; charset=utf-8',
    'application/vnd.ads+json',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
  ])('is accepted as %s', async (type) => {
    const body = JSON.stringify({ ad_id: 'beacon' });
    const answer = await client.send('POST', '/api/v1/ads/click', { headers: { 'Content-Type': type }, body });
    expect(answer.status).toBe(202);
  });

  it('may have unknown fields, and null for optional fields', async () => {
    const answer = await client.post('/api/v1/ads/click', {
      ad_id: 'beacon',
      ip: null,
      video_play_time: null,
      timestamp: null,
      click_id: null,
      viewability: { percent: 80 },
      impression_id: 'not a UUID, but not asked for either',
    });
    expect(answer.status).toBe(202);
  });

  it('may have fields that only clicks have if it is an impression; they are not validated', async () => {
    const answer = await client.post('/ads/impression', { ad_id: 'beacon', video_play_time: 'x', click_id: 7 });
    expect(answer.status).toBe(202);
    const { impression_id } = answer.body as { impression_id: string };
    expect(await row(impression_id)).toMatchObject({ kind: 'impression', play_time_seconds: null });
  });

  it.each([
    [0, 0],
    [12.345, 12_345],
    [0.1 + 0.2, 300],
    [59.999_999_9, 60_000],
    [86_400, 86_400_000],
  ])('may have a video_play_time of %p', async (seconds, milliseconds) => {
    const answer = await client.post('/api/v1/ads/click', { ad_id: 'beacon', video_play_time: seconds });
    expect(answer.status).toBe(202);
    const { click_id } = answer.body as { click_id: string };
    expect(await row(click_id)).toMatchObject({
      play_time_ms: milliseconds,
      play_time_seconds: Math.floor(milliseconds / 1_000),
    });
  });
});

describe('a timestamp', () => {
  it('in the past counts in the total and in each window that contains it', async () => {
    const now = Date.now();
    for (const age of [0, 10 * MINUTE, 2 * HOUR, 72 * HOUR]) {
      const timestamp = new Date(now - age).toISOString();
      const { body } = await client.post('/ads/click', { ad_id: 'late', timestamp });
      expect(body).toMatchObject({ timestamp });
    }
    expect(await whenCounted(client, 'late', { clicks: 4 })).toMatchObject({
      total_clicks: 4,
      time_frames: { last_1_minute: 1, last_5_minutes: 1, last_15_minutes: 2, last_1_hour: 2, last_24_hours: 3 },
    });
  });

  it('may have an offset, and is UTC without one', async () => {
    for (const [given, meant] of [
      ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
      ['2026-01-02T03:04:05.678', '2026-01-02T03:04:05.678Z'],
      ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ]) {
      const { body } = await client.post('/ads/impression', { ad_id: 'quiet', timestamp: given });
      expect(body).toMatchObject({ timestamp: meant });
    }
  });

  it('a little ahead is stored unchanged', async () => {
    const timestamp = new Date(Date.now() + 2 * MINUTE).toISOString();
    const { body } = await client.post('/ads/impression', { ad_id: 'early', timestamp });
    const { impression_id } = body as { impression_id: string };
    expect(body).toMatchObject({ timestamp });
    expect(await row(impression_id)).toMatchObject({ occurred_at: new Date(timestamp), claimed_at: null });
  });

  it('too far ahead is replaced by the time of receipt and stored as the claimed time', async () => {
    const claimed = new Date(Date.now() + HOUR).toISOString();
    const before = Date.now();
    const { status, body } = await client.post('/ads/click', { ad_id: 'early', timestamp: claimed });
    const { timestamp, click_id } = body as { timestamp: string; click_id: string };
    expect(status).toBe(202);
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(before - CLOCK_ERROR_MS);
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now() + CLOCK_ERROR_MS);
    expect(await row(click_id)).toMatchObject({
      occurred_at: new Date(timestamp),
      received_at: new Date(timestamp),
      claimed_at: new Date(claimed),
    });
    const { time_frames } = await whenCounted(client, 'early', { clicks: 1 });
    expect(time_frames).toMatchObject({ last_1_minute: 1, last_24_hours: 1 });
  });
});

describe('analytics answers', () => {
  interface Listing {
    readonly total_ads: number;
    readonly analytics: readonly { readonly ad_id: string; readonly total_clicks: number; readonly clicks?: number }[];
    readonly next_cursor: string | null;
  }

  it('have zero clicks and a null ctr for an ad without events', async () => {
    const { body } = await client.get('/ads/analytics?ad_id=ad-003');
    expect(body).toMatchObject({ total_clicks: 0, impressions: 0, ctr: null, time_frames: inAllWindows(0) });
    expect(body).toMatchObject({ impressions_time_frames: inAllWindows(0), ctr_time_frames: inAllWindows(null) });
    const clicked = await whenCounted(client, 'late', { clicks: 4 });
    expect(clicked).toMatchObject({ impressions: 0, ctr: null });
  });

  it('list ads by clicks, page by page', async () => {
    for (const [adId, clicks] of Object.entries(PAGED)) {
      for (let click = 0; click < clicks; click += 1) await client.post('/ads/click', { ad_id: adId });
    }
    for (const [adId, clicks] of Object.entries(PAGED)) await whenCounted(client, adId, { clicks });
    const list = async (query: string) => (await client.get(`/ads/analytics?${query}`)).body as Listing;
    // The list is cached, so it may be older than the answers about single ads.
    const whole = await waitFor(
      async () => {
        const listing = await list('limit=500');
        const found = new Map(listing.analytics.map((ad) => [ad.ad_id, ad.total_clicks]));
        return Object.entries(PAGED).every(([adId, clicks]) => found.get(adId) === clicks) && listing;
      },
      { timeoutMs: 10_000, what: 'all clicks to be in the list' },
    );
    expect(whole.analytics.map((ad) => ad.ad_id).filter((adId) => adId in PAGED)).toEqual([
      'page-a',
      'page-c',
      'page-e',
      'page-b',
      'page-d',
    ]);
    for (const query of ['', '&timeframe=1m', '&timeframe=24h']) {
      const wanted = (await list(`limit=500${query}`)).analytics;
      const clicks = wanted.map((ad) => ad.clicks ?? ad.total_clicks);
      expect(clicks).toEqual([...clicks].sort((a, b) => b - a));
      const pages: Listing['analytics'][] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page = await list(`limit=2${query}${after}`);
        expect(page.total_ads).toBe(whole.total_ads);
        pages.push(page.analytics);
        cursor = page.next_cursor;
      }
      expect(pages.slice(0, -1).every((page) => page.length === 2)).toBe(true);
      expect(pages.flat().map((ad) => ad.ad_id)).toEqual(wanted.map((ad) => ad.ad_id));
    }
  });
});
