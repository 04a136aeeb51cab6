import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type LocalProcess, openPool, openTestServers, waitFor } from '@ads/local';
import { EVENT_KINDS, KINDS, uuidv7, VERDICTS } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const KEY = 'the-key-of-tag-tests';

const testServers = openTestServers();
let ingest: LocalProcess;
let pool: ReturnType<typeof openPool>;
const folder = mkdtempSync(join(tmpdir(), 'tags-'));
const denyFile = join(folder, 'deny.txt');

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';
const LISTED = '203.0.113.66';

function writeList(lines: readonly string[]): void {
  writeFileSync(`${denyFile}.new`, lines.join('\n'));
  renameSync(`${denyFile}.new`, denyFile);
}

// Without NATS, an event that was answered is in Postgres.
beforeAll(async () => {
  const [database, nobody] = await Promise.all([testServers.database(), freePort()]);
  const ports = { NATS_URL: `nats://127.0.0.1:${nobody}`, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(nobody) };
  const proxies = { TRUST_PROXY: 'loopback', TRUSTED_STITCHERS: '192.0.2.0/24' };
  writeList([LISTED]);
  const rules = { IVT_DENY_FILE: denyFile, IVT_PROXY_HEADER: 'on' };
  const env = { ...database, ...ports, ...proxies, ...rules, RATE_LIMIT_EVENTS_PER_MINUTE: '0', ADMIN_API_KEY: KEY };
  ingest = await testServers.service({ name: 'ingest', env });
  pool = openPool(database);
  testServers.onRelease(() => pool.end());
});
afterAll(testServers.release);
afterAll(() => rmSync(folder, { recursive: true }));

const GIF = '4749463839610100010080000000000000000021f90401000000002c00000000010001000002024401003b';

const CHANGING = new Set(['date', 'x-request-id', 'connection', 'keep-alive']);

type Query = Readonly<Record<string, string>>;

async function fetchTag(event: string, query: Query | string, init: RequestInit = {}) {
  const text = typeof query === 'string' ? query : new URLSearchParams({ ad_id: 'ad-001', ...query });
  const response = await fetch(`http://${ingest.host}:${ingest.port}/t/${event}?${text}`, init);
  const body = Buffer.from(await response.arrayBuffer()).toString('hex');
  return { status: response.status, headers: response.headers, body };
}

/** The stored events of a session, or of a placement. */
async function stored(session: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query('SELECT * FROM ad_events WHERE session_id = $1 OR placement = $1 ORDER BY kind', [
    session,
  ]);
  return rows;
}

async function createKey(scope: string): Promise<{ readonly key: string }> {
  const response = await fetch(`http://${ingest.host}:${ingest.port}/keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: scope, scopes: [scope] }),
  });
  return (await response.json()) as { key: string };
}

const newSession = () => uuidv7(Date.now());

describe('a pixel', () => {
  it('of every kind counts once, though it is fetched twice, by any of its names and methods', async () => {
    const sid = newSession();
    const names = KINDS.flatMap((kind) => [kind, kind.toLowerCase(), ...(EVENT_KINDS[kind].aliases ?? [])]);
    for (const init of [{}, { method: 'POST', body: 'beacon' }]) {
      const answers = await Promise.all(names.map((name) => fetchTag(name, { sid, cb: '1', ts: '[TIMESTAMP]' }, init)));
      expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [200, GIF]));
    }
    const rows = await stored(sid);
    expect(rows.map(({ kind }) => kind)).toEqual([...KINDS].sort());
    // The same day as the session, so the same partition.
    expect(new Set(rows.map(({ id }) => String(id).slice(0, 18)))).toEqual(new Set([`${sid.slice(0, 13)}-8ad5`]));
  });

  it('is one event when ten players fetch it at once, and is another event for another session or ad', async () => {
    const sid = newSession();
    await Promise.all(Array.from({ length: 10 }, () => fetchTag('start', { sid })));
    expect(await stored(sid)).toHaveLength(1);
    await fetchTag('start', { sid, ad_id: 'ad-002' });
    await fetchTag('start', { sid: newSession() });
    expect((await stored(sid)).map(({ ad_id }) => ad_id).sort()).toEqual(['ad-001', 'ad-002']);
  });

  it('counts per offset, error code, vendor and click', async () => {
    const sid = newSession();
    const sent: [string, Query][] = [
      ['progress', { offset: '00:00:05' }],
      ['progress', { offset: '00:00:10' }],
      ['error', { code: '402' }],
      ['error', { code: '403' }],
      ['error', { code: '[ERRORCODE]' }],
      ['verificationNotExecuted', { vendor: 'a', reason: '1' }],
      ['verificationNotExecuted', { vendor: 'b', reason: '1' }],
      ['click', { cb: '1' }],
      ['click', { cb: '2' }],
      ['click', { cb: '2', ts: '2026-01-01T00:00:00Z' }],
    ];
    for (const [event, query] of [...sent, ...sent]) await fetchTag(event, { sid, ...query });
    const rows = await stored(sid);
    expect(rows).toHaveLength(sent.length);
    const codes = rows.flatMap(({ kind, error_code }) => (kind === 'error' ? [error_code] : []));
    expect(codes.sort()).toEqual(['402', '403', '900']);
  });

  it('stores time, play time, labels and the address, and counts without a parameter that is broken', async () => {
    const sid = newSession();
    const long = 'x'.repeat(2_049);
    const query = `ad_id=ad-001&sid=${sid}&pl=caf%C3%A9+1&pl=second&src=%E9&ts=2026-01-02T3%3A04:05.678-05&ph=00:00:12.345&x=${long}`;
    const headers = { 'X-Forwarded-For': '203.0.113.9', 'User-Agent': 'player' };
    expect((await fetchTag('Click', query, { headers })).status).toBe(200);
    expect(await stored(sid)).toMatchObject([
      {
        ad_id: 'ad-001',
        occurred_at: new Date('2026-01-02T08:04:05.678Z'),
        play_time_ms: 12_345,
        placement: 'café 1',
        source: null,
        ip: '203.0.113.9',
        claimed_at: null,
      },
    ]);
  });

  it('without a session is one event for each viewer, cache buster and time, and otherwise for each fetch', async () => {
    const from = (agent: string, query: Query) => fetchTag('start', query, { headers: { 'User-Agent': agent } });
    const filled = { pl: 'filled', cb: '7', ts: new Date().toISOString() };
    for (const agent of ['a', 'a', 'b']) await from(agent, filled);
    await from('a', { ...filled, cb: '8' });
    expect(await stored('filled')).toHaveLength(3);
    for (const cb of ['7', '7', '[CACHEBUSTING]']) await from('a', { pl: 'unfilled', sid: '[SID]', cb });
    expect(await stored('unfilled')).toHaveLength(3);
    // A clock that is a year ahead.
    await from('a', { ...filled, pl: 'ahead', ts: new Date(Date.now() + 365 * 86_400_000).toISOString() });
    expect(await stored('ahead')).toMatchObject([{ claimed_at: expect.any(Date) }]);
  });

  it('stores the viewer that a trusted server reports, and ignores the headers of all other senders', async () => {
    const ts = new Date().toISOString();
    const send = (sender: string, placement: string, device: Query) =>
      fetchTag('start', { placement, cb: placement, ts }, { headers: { 'X-Forwarded-For': sender, ...device } });
    const [first, second] = ['phone', 'tv'].map((agent) => ({
      'X-Device-IP': '198.51.100.4',
      'X-Device-User-Agent': agent,
    }));
    for (const device of [first, second, first]) await send('192.0.2.9', 'stitched', device ?? {});
    await send('192.0.2.9', 'stitched', { 'X-Device-IP': 'unknown', 'X-Device-User-Agent': 'phone' });
    const addresses = (await stored('stitched')).map(({ ip }) => ip);
    expect(addresses.sort()).toEqual(['192.0.2.9', '198.51.100.4', '198.51.100.4']);
    for (const device of [first, second]) await send('203.0.113.7', 'claimed', device ?? {});
    expect(await stored('claimed')).toMatchObject([{ ip: '203.0.113.7' }]);
    for (const scope of ['events', 'stitch']) {
      const { key } = await createKey(scope);
      await send('203.0.113.7', scope, { ...first, Authorization: `Bearer ${key}` });
    }
    expect(await stored('events')).toMatchObject([{ ip: '203.0.113.7' }]);
    expect(await stored('stitch')).toMatchObject([{ ip: '198.51.100.4' }]);
  });

  it('answers HEAD and prefetches like GET, and counts nothing', async () => {
    const sid = newSession();
    const seen = await fetchTag('start', { sid: newSession() }, { headers: { Origin: 'https://player.test' } });
    const head = await fetchTag('start', { sid }, { method: 'HEAD', headers: { Origin: 'https://player.test' } });
    const fixed = ({ headers }: typeof head) =>
      Object.fromEntries([...headers].filter(([name]) => !CHANGING.has(name)));
    expect([head.status, head.body, fixed(head)]).toEqual([200, '', fixed(seen)]);
    expect(fixed(seen)).toMatchObject({
      'content-type': 'image/gif',
      'content-length': '43',
      'cache-control': 'no-store, no-cache, must-revalidate, private, max-age=0',
      pragma: 'no-cache',
      expires: '0',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      'timing-allow-origin': '*',
      'access-control-allow-origin': 'https://player.test',
      'access-control-allow-credentials': 'true',
    });
    for (const [name, value] of [
      ['Sec-Purpose', 'prefetch;prerender'],
      ['Purpose', 'Prefetch'],
      ['X-Purpose', 'preview'],
      ['X-Moz', 'prefetch'],
    ] as const) {
      const answer = await fetchTag('start', { sid }, { headers: { [name]: value } });
      expect([answer.status, answer.body]).toEqual([200, GIF]);
    }
    expect(await stored(sid)).toEqual([]);
    const metrics = await (await fetch(`http://${ingest.host}:${ingest.port}/metrics`)).text();
    expect(metrics).toMatch(/^tag_prefetches_total\{tag="pixel",service="ingest"\} 4$/m);
    expect(metrics).toMatch(/^vast_macro_unfilled_total\{macro="ERRORCODE",service="ingest"\} 2$/m);
  });

  it.each<[string, string, number]>([
    ['start', 'f=b&ad_id=ad-001', 204],
    ['start', '', 400],
    ['start', 'ad_id=%E9', 400],
    ['start', 'ad_id=a%20b', 400],
    ['start', 'ad_id=no-such-ad', 404],
    ['starts', 'ad_id=ad-001', 404],
    ['%5Bevent%5D', 'ad_id=ad-001', 404],
    ['start', `ad_id=ad-001&sid=${uuidv7(Date.now() + 2 * 86_400_000)}`, 400],
  ])('of %s with the query "%s" is answered with %i and the GIF', async (event, query, status) => {
    const answer = await fetchTag(event, query);
    expect([answer.status, answer.body]).toEqual([status, status === 204 ? '' : GIF]);
    expect(answer.headers.get('cache-control')).toMatch(/^no-store, /);
  });
});

describe('the verdict on a request', () => {
  const NUMBERS = new Map(Object.entries(VERDICTS).map(([verdict, { number }]) => [number, verdict]));
  const verdictsOf = async (session: string) =>
    (await stored(session)).map(({ verdict }) => (verdict === null ? 'valid' : NUMBERS.get(Number(verdict))));

  it.each<[string, Readonly<Record<string, string>>]>([
    ['valid', { 'User-Agent': BROWSER }],
    ['valid', { 'User-Agent': 'AppleCoreMedia/1.0.0.21G93 (iPhone; U; CPU OS 17_6_1 like Mac OS X; en_us)' }],
    ['listed_ip', { 'User-Agent': BROWSER, 'X-Forwarded-For': LISTED }],
    ['bot', { 'User-Agent': 'curl/8.5.0' }],
    ['no_user_agent', { 'User-Agent': '' }],
    ['proxy_flag', { 'User-Agent': BROWSER, 'X-Invalid-Traffic': 'waf-17' }],
    // A server that inserts ads is not the viewer.
    ['valid', { 'User-Agent': 'curl/8.5.0', 'X-Forwarded-For': '192.0.2.9' }],
    ['listed_ip', { 'User-Agent': 'curl/8.5.0', 'X-Forwarded-For': '192.0.2.9', 'X-Device-IP': LISTED }],
  ])('is stored with the event: %s for %j', async (verdict, headers) => {
    const sid = newSession();
    expect((await fetchTag('start', { sid }, { headers })).status).toBe(200);
    expect(await verdictsOf(sid)).toEqual([verdict]);
  });

  it('depends on the body alone at the JSON endpoints', async () => {
    const bodies: [string, object][] = [
      ['valid', {}],
      ['valid', { user_agent: BROWSER, ip: '203.0.113.9' }],
      ['listed_ip', { ip: LISTED }],
      ['bot', { user_agent: 'python-requests/2.32.3' }],
    ];
    for (const [verdict, body] of bodies) {
      const session_id = newSession();
      const event = { kind: 'start', ad_id: 'ad-001', session_id, ...body };
      const answer = await fetch(`http://${ingest.host}:${ingest.port}/api/v1/ads/events`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'User-Agent': 'curl/8.5.0', 'X-Forwarded-For': LISTED },
        body: JSON.stringify({ events: [event, { ...event, kind: 'impression' }] }),
      });
      expect(answer.status).toBe(202);
      expect(await verdictsOf(session_id)).toEqual([verdict, verdict]);
    }
  });

  it('follows a list of 100,000 ranges that is replaced under load, and no event is lost', async () => {
    const others = Array.from({ length: 100_000 }, (_, index) =>
      [10 + (index >> 16), (index >> 8) & 255, index & 255, '0/24'].join('.'),
    );
    const rangesInForce = async () => {
      const metrics = await (await fetch(`http://${ingest.host}:${ingest.port}/metrics`)).text();
      return Number(/^ivt_list_ranges\{list="deny",service="ingest"\} (\d+)$/m.exec(metrics)?.[1]);
    };
    const placement = newSession();
    let fetched = 0;
    let isOver = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const headers = { 'User-Agent': BROWSER, 'X-Forwarded-For': '203.0.113.77' };
        expect((await fetchTag('start', { placement }, { headers })).status).toBe(200);
        fetched += 1;
      }
    });
    const until = (count: number) =>
      waitFor(async () => fetched > count, { what: 'events', timeoutMs: 30_000, intervalMs: 20 });
    try {
      await until(20);
      writeList([...others, '203.0.113.77']);
      const what = 'the list';
      await waitFor(async () => (await rangesInForce()) === others.length + 1, { what, timeoutMs: 30_000 });
      await until(fetched + 20);
    } finally {
      isOver = true;
      await Promise.all(load);
    }
    const verdicts = await verdictsOf(placement);
    expect(verdicts).toHaveLength(fetched);
    expect(new Set(verdicts)).toEqual(new Set(['valid', 'listed_ip']));
  });
});
