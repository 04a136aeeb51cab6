import { readFileSync } from 'node:fs';
import { type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { uuidv7 } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const testServers = openTestServers();
afterAll(testServers.release);

/** One more is lost. */
const MAX_PENDING_CLICKS = 3;
/** The longest wait is 200 ms; the rest is for a busy machine. Both stores have timed out after 1 s. */
const REDIRECT_MS = 700;

let servers: readonly LocalProcess[];
let ingest: LocalProcess;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  const postgres = await testServers.postgres();
  pool = openPool(postgres.env);
  testServers.onRelease(() => pool.end());
  await pool.query(
    `INSERT INTO ads (id, image_url, target_url, campaign, status) VALUES
       ('shop', '', 'https://shop.example/{ad_id}?c={click_id}&s={sub1}&p={placement}&k={campaign}#{sid}', 'Summer & Co', 'paused'),
       ('broken', '', 'javascript:alert(1)', NULL, 'active')`,
  );
  servers = [await testServers.nats(), await testServers.redis(), postgres];
  const env = { ...Object.assign({}, ...servers.map((server) => server.env)), RATE_LIMIT_EVENTS_PER_MINUTE: '0' };
  [ingest] = await Promise.all([
    testServers.service({
      name: 'ingest',
      env: {
        ...env,
        MAX_PENDING_CLICKS: String(MAX_PENDING_CLICKS),
        NATS_TIMEOUT_MS: '500',
        POSTGRES_TIMEOUT_MS: '500',
      },
    }),
    testServers.service({ name: 'consumer', env }),
  ]);
}, 60_000);

/** Fetches a link without following it. */
async function open(path: string, init: RequestInit = {}) {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${ingest.port}${path}`, { redirect: 'manual', ...init });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, location: headers.get('location') ?? '', ms: performance.now() - startedAt };
}
const session = () => uuidv7(Date.now());
const idIn = (location: string) => new URL(location).searchParams.get('c');
const link = (sid: string, cb: string | number) => `/c/shop?sid=${sid}&cb=${cb}`;

async function stored(sid: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM ad_events WHERE session_id = $1', [sid]);
  return rows.map(({ id }) => id);
}
const recorded = (sid: string, count: number) =>
  waitFor(async () => (await stored(sid)).length >= count, { what: `${count} clicks`, timeoutMs: 30_000 });

/** @param series a name, and the beginning of its labels */
async function metric(series: string): Promise<number> {
  const { text } = await open('/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.split(' ')
      .at(-1),
  );
}
const outcome = (name: string) => metric(`ingest_pending_clicks_total{outcome="${name}"`);

describe('a click-through', () => {
  it('counts each click once, and redirects to the target with its values, also for a paused ad', async () => {
    const sid = session();
    const url = `/api/v1${link(sid, 1)}&ts=2026-11-27T12%3A00%3A00Z&pl=home&sub1=a%26b%3D1&sub2=unused`;
    const answers = [await open(url), await open(url), await open(url.replace('cb=1', 'cb=2'))];
    for (const { status, headers, text, location } of answers) {
      expect([status, text]).toEqual([302, '']);
      expect(location).toBe(
        `https://shop.example/shop?c=${idIn(location)}&s=a%26b%3D1&p=home&k=Summer%20%26%20Co#${sid}`,
      );
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-robots-tag': 'noindex, nofollow',
        'referrer-policy': 'origin',
      });
    }
    const ids = answers.map(({ location }) => idIn(location));
    expect([ids[1], new Set(ids).size]).toEqual([ids[0], 2]);
    await recorded(sid, 2);
    expect((await stored(sid)).sort()).toEqual([...new Set(ids)].sort());
  });

  it('counts neither HEAD nor a prefetch, which a browser must not keep', async () => {
    const sid = session();
    const head = await open(link(sid, 1), { method: 'HEAD' });
    expect([head.status, head.location]).toEqual([
      302,
      `https://shop.example/shop?c=&s=&p=&k=Summer%20%26%20Co#${sid}`,
    ]);
    const headers = [{ 'Sec-Purpose': 'prefetch;prerender' }, { Purpose: 'prefetch' }, { 'X-Moz': 'prefetch' }];
    for (const one of headers) {
      const answer = await open(link(sid, 1), { headers: one });
      expect([answer.status, answer.location, answer.headers.get('cache-control')]).toEqual([503, '', 'no-store']);
    }
    expect(await metric('tag_prefetches_total{tag="click"')).toBe(headers.length);
    await open(link(sid, 2));
    await recorded(sid, 1);
    expect(await stored(sid)).toHaveLength(1);
  });

  it('never leaves the host of the target, whatever the link says', async () => {
    const values = ['%0d%0aSet-Cookie:%20a=b', '%E2%80%AE%D7%90', '%ED%A0%80', '%5C%5Cevil.example', '%22%27%3C'];
    const queries = [
      ...values.flatMap((value) => ['sub1', 'pl', 'sid', 'cb'].map((name) => `${name}=${value}`)),
      `sub1=${'x'.repeat(7_000)}`,
      `sub1=${'%F0%9F%98%80'.repeat(250)}`,
      'target_url=https://evil.example&url=//evil.example&redir=//evil.example',
    ];
    for (const query of queries) {
      const { status, location, headers } = await open(`/c/shop?${query}`);
      expect([query, status, new URL(location).origin, headers.get('set-cookie')]).toEqual([
        query,
        302,
        'https://shop.example',
        null,
      ]);
      expect(location.length).toBeLessThan(3_100);
    }
  });

  it('shows a page for a link that leads nowhere', async () => {
    for (const [path, status] of [
      ['/c/nobody', 404],
      ['/c/%00', 404],
      ['/c/broken', 404],
      ['/c/%ff', 400],
    ] as const) {
      const answer = await open(path);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        status,
        'text/html; charset=utf-8',
      ]);
      expect(answer.text).toContain('<h1>');
    }
    expect((await open('/c/shop', { method: 'POST' })).status).toBe(405);
  });

  it('counts a click whose link has an impossible session', async () => {
    const { count } = (await pool.query(`SELECT count(*)::int AS count FROM ad_events`)).rows[0];
    expect((await open(link(uuidv7(Date.now() + 7 * 86_400_000), 1))).status).toBe(302);
    await waitFor(
      async () => (await pool.query(`SELECT count(*)::int AS count FROM ad_events`)).rows[0].count > count,
      { what: 'the click', timeoutMs: 30_000 },
    );
  });
});

describe('while NATS, Redis and Postgres are frozen', () => {
  const freeze = () => {
    for (const server of servers) server.pause();
  };
  const thaw = () => {
    for (const server of servers) server.resume();
  };
  const clicks = async (sid: string, count: number) => {
    for (let cb = 0; cb < count; cb += 1) {
      const { status, ms } = await open(link(sid, cb));
      expect(status).toBe(302);
      expect(ms).toBeLessThan(REDIRECT_MS);
    }
  };
  const log = () => readFileSync(ingest.logFile, 'utf8');

  it('redirects at once, and counts the clicks afterwards, as many as it may keep', async () => {
    const sid = session();
    freeze();
    try {
      await clicks(sid, MAX_PENDING_CLICKS + 1);
      const unknown = await open('/c/not-in-memory');
      expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '1']);
      await waitFor(() => log().includes('"clicks.lost"'), { what: 'the loss to be logged', timeoutMs: 30_000 });
    } finally {
      thaw();
    }
    await recorded(sid, MAX_PENDING_CLICKS);
    await waitFor(async () => (await metric('ingest_pending_clicks{')) === 0, { what: 'recovery', timeoutMs: 30_000 });
    expect(await Promise.all(['kept', 'recovered', 'lost'].map(outcome))).toEqual([4, 3, 1]);
  });

  it('loses with kill -9 at most the clicks that it keeps, and with SIGTERM none if a store answers in time', async () => {
    const sid = session();
    await open(link(sid, 'before'));
    freeze();
    try {
      await clicks(session(), 1);
      await ingest.kill();
    } finally {
      thaw();
    }
    await ingest.start();
    await recorded(sid, 1);
    freeze();
    let stopped: Promise<unknown>;
    try {
      await clicks(sid, 2);
      stopped = ingest.stop();
    } finally {
      thaw();
    }
    await stopped;
    await recorded(sid, 3);
  });
});
