import { ALL_ENDPOINTS, API_PREFIX, ENDPOINTS, type Endpoint, type EndpointAccess } from '@ads/contract';
import { openLiveReader } from '@ads/harness';
import { openTestServers, type TestServers, type TestStack, UPSTREAMS, waitFor } from '@ads/local';
import { KEY_SCOPES, type KeyScope } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ADMIN = 'the-key-of-access-tests';

let testServers: TestServers;
let stack: TestStack;
/** The keys of the tests: one of each scope, and keys that do not work. */
const keys = new Map<string, { readonly id: string; readonly key: string }>();

beforeAll(async () => {
  testServers = openTestServers();
  const [postgres, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const settings = { ADMIN_API_KEY: ADMIN, READ_ACCESS: 'key', EVENTS_ACCESS: 'key' };
  stack = await testServers.stack({ ...postgres, ...redis.env, ...nats.env, ...settings });
  const soon = new Date(Date.now() + 1_500).toISOString();
  await Promise.all([
    ...KEY_SCOPES.map((scope) => makeKey(scope, { scopes: [scope] })),
    makeKey('expired', { scopes: KEY_SCOPES, expires_at: soon }),
    makeKey('deleted', { scopes: KEY_SCOPES }),
  ]);
  await deleteKey('deleted');
  for (const service of UPSTREAMS) {
    const answers = async (name: string, text: string) => (await explain(service, name)).includes(text);
    const when = { timeoutMs: 5_000, what: `${service} to know the keys` };
    await waitFor(async () => (await answers('expired', 'expired')) && (await answers('deleted', 'deleted')), when);
  }
});
afterAll(() => testServers.release());

async function call(method: string, path: string, body?: object, headers = { Authorization: `Bearer ${ADMIN}` }) {
  const response = await fetch(`${stack.url}${API_PREFIX}${path}`, {
    method,
    headers: { ...headers, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, answer: JSON.parse(text) as { readonly id: string; readonly key: string } };
}

async function makeKey(name: string, fields: object) {
  const { status, answer } = await call('POST', '/keys', { name, ...fields });
  expect(status).toBe(201);
  keys.set(name, answer);
}

const deleteKey = (name: string) => call('DELETE', `/keys/${keys.get(name)?.id}`);
const bearer = (name: string) => ({ Authorization: `Bearer ${keys.get(name)?.key}` });

/** A request of each service that needs a key for reading. @returns the message of its answer */
async function explain(service: 'ingest' | 'analytics', name: string): Promise<string> {
  const { host, port } = stack[service];
  const path = service === 'ingest' ? ENDPOINTS.ads.path : ENDPOINTS.analytics.path;
  return await (await fetch(`http://${host}:${port}${path}`, { headers: bearer(name) })).text();
}

/** Sends a request to each service that has the endpoint. */
async function ask({ method, path, service }: Endpoint, headers: Record<string, string> = {}) {
  const services = service === 'each' ? UPSTREAMS : [service];
  return await Promise.all(
    services.map(async (name) => {
      const { host, port } = stack[name];
      const url = `http://${host}:${port}${API_PREFIX}${path.replaceAll(/\{\w+\}/g, 'no-such-id')}`;
      const response = await fetch(url, { method, headers, redirect: 'manual' });
      await response.body?.cancel();
      return response;
    }),
  );
}

async function statusesOf(endpoint: Endpoint, headers: Record<string, string>): Promise<number[]> {
  return [...new Set((await ask(endpoint, headers)).map(({ status }) => status))];
}

/** The scopes that open each kind of endpoint, as the documentation of the API says it. */
const SCOPES: Readonly<Record<EndpointAccess, readonly KeyScope[]>> = {
  everybody: KEY_SCOPES,
  events: ['events'],
  catalogue: ['read', 'manage'],
  read: ['read'],
  manage: ['manage'],
  share: [],
  admin: [],
};

describe.each(ALL_ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  '%s',
  (_name, endpoint) => {
    const isOpen = endpoint.access === 'everybody';

    it('asks for a key that works, unless everybody may send it', async () => {
      const wrong = { Authorization: `Bearer amt_${'0'.repeat(64)}` };
      for (const headers of [{}, { Authorization: ADMIN }, wrong, bearer('expired'), bearer('deleted')]) {
        const statuses = await statusesOf(endpoint, headers);
        if (isOpen) expect(statuses).not.toContain(401);
        else expect(statuses).toEqual([401]);
      }
    });

    it('asks for a scope', async () => {
      for (const scope of KEY_SCOPES) {
        const statuses = await statusesOf(endpoint, bearer(scope));
        expect(statuses).not.toContain(401);
        expect([scope, statuses.includes(403)]).toEqual([scope, !SCOPES[endpoint.access].includes(scope)]);
      }
    });

    it('lets ADMIN_API_KEY pass, and keeps its answers out of shared caches', async () => {
      for (const { status, headers } of await ask(endpoint, { Authorization: `bearer ${ADMIN}` })) {
        expect([401, 403]).not.toContain(status);
        if (isOpen) continue;
        expect(headers.get('vary')).toMatch(/\bAuthorization\b/);
        expect(headers.get('cache-control') ?? 'no-store').toMatch(/\b(private|no-store)\b/);
      }
    });

    it('needs no key for a preflight', async () => {
      const preflight = { Origin: 'https://player.example', 'Access-Control-Request-Method': endpoint.method };
      expect(await statusesOf({ ...endpoint, method: 'OPTIONS' } as unknown as Endpoint, preflight)).toEqual([204]);
    });
  },
);

it('a key that is deleted is refused within 2 s by both services, and its live streams end', async () => {
  await makeKey('leaked', { scopes: ['read'] });
  const isRefused = async (service: 'ingest' | 'analytics') =>
    (await explain(service, 'leaked')).includes('unauthorized');
  for (const service of UPSTREAMS) {
    await waitFor(async () => !(await isRefused(service)), { timeoutMs: 2_000, what: `${service} to know the key` });
  }
  const url = `${stack.url}${API_PREFIX}${ENDPOINTS.liveAnalytics.path}`;
  const reader = await openLiveReader(url, bearer('leaked'));
  await reader.until(() => true, 'the first state');
  const deletedAt = performance.now();
  expect((await deleteKey('leaked')).status).toBe(200);
  const when = { timeoutMs: 5_000, what: 'the end of the key' };
  for (const service of UPSTREAMS) await waitFor(() => isRefused(service), when);
  await waitFor(async () => reader.isEnded(), when);
  expect(performance.now() - deletedAt).toBeLessThan(2_000);
});

describe('a key of one advertiser', () => {
  const OWN = ['own-1', 'own-2'];
  const ad = (id: string, advertiser: string | null) => ({ id, advertiser, target_url: 'https://example.com/' });
  const send = async (method: string, path: string, body?: object) => await call(method, path, body, bearer('bound'));

  beforeAll(async () => {
    await makeKey('bound', { scopes: ['manage', 'read'], advertiser: 'Own Shop' });
    for (const id of OWN) await call('POST', '/ads', ad(id, 'Own Shop'));
    for (const [id, advertiser] of [
      ['other', 'Other Shop'],
      ['nobody', null],
    ] as const) {
      await call('POST', '/ads', ad(id, advertiser));
    }
    for (const id of [...OWN, 'other', 'nobody']) await call('POST', '/ads/click', { ad_id: id });
    const isKnown = async () => (await send('GET', '/ads/analytics')).status === 200;
    await waitFor(isKnown, { timeoutMs: 5_000, what: 'analytics to know the key' });
  });

  const withAd = ALL_ENDPOINTS.filter(({ path, access }) => path.includes('{ad_id}') && access !== 'everybody');
  const queried = [
    ENDPOINTS.analytics,
    ENDPOINTS.liveAnalytics,
    ENDPOINTS.playTime,
    ENDPOINTS.quality,
    ENDPOINTS.storedEvents,
  ];
  const asked = [
    ...withAd.map(({ method, path }) => ({ method, path })),
    ...queried.map(({ method, path }) => ({ method, path: `${path}?ad_id={ad_id}` })),
  ];

  it.each(asked)('finds no ad of another advertiser, or of none: $method $path', async ({ method, path }) => {
    const body = method === 'PATCH' ? { title: 'mine' } : undefined;
    const answers = ['no-such-ad', 'other', 'nobody'].map(async (id) => {
      const { status, text } = await send(method, path.replace('{ad_id}', id), body);
      return { status, text: text.replaceAll(id, 'ID').replace(/"request_id":"[^"]+"/, '') };
    });
    const [missing, ...others] = await Promise.all(answers);
    expect(missing?.status).toBe(404);
    expect(others).toEqual([missing, missing]);
  });

  it('lists, counts and reports its own ads only', async () => {
    const clicksOf = async () => {
      const { answer } = await send(
        'GET',
        '/ads/analytics/report?interval=total&group_by=ad,advertiser&metrics=clicks',
      );
      return (answer as unknown as { rows: { ad: string; clicks: number }[] }).rows.map(({ ad: id, clicks }) => [
        id,
        clicks,
      ]);
    };
    const counted = [
      ['own-1', 1],
      ['own-2', 1],
    ];
    const isCounted = async () => JSON.stringify(await clicksOf()) === JSON.stringify(counted);
    await waitFor(isCounted, { timeoutMs: 10_000, what: 'the clicks to be counted' });
    expect((await send('GET', '/ads')).answer).toMatchObject({ count: 2, ads: [{ id: 'own-1' }, { id: 'own-2' }] });
    const list = await send('GET', '/ads/analytics?limit=1');
    expect(list.answer).toMatchObject({ total_ads: 2, analytics: [{ ad_id: 'own-1', total_clicks: 1 }] });
    const { next_cursor: cursor } = list.answer as unknown as { next_cursor: string };
    const rest = await send('GET', `/ads/analytics?limit=1&cursor=${cursor}`);
    expect(rest.answer).toMatchObject({ analytics: [{ ad_id: 'own-2', total_clicks: 1 }], next_cursor: null });
    const zero = await send('GET', '/ads/analytics/report?interval=total&ad_id=other&metrics=clicks');
    expect(zero.answer).toMatchObject({ rows: [{ clicks: 0 }] });
    for (const path of ['/ads', '/ads/analytics/report']) {
      expect((await send('GET', `${path}?advertiser=Own%20Shop`)).status).toBe(200);
      expect((await send('GET', `${path}?advertiser=Other%20Shop`)).status).toBe(403);
    }
    const reader = await openLiveReader(`${stack.url}${ENDPOINTS.liveAnalytics.path}`, bearer('bound'));
    const { data } = await reader.until(() => true, 'the first state');
    reader.close();
    expect([data.all, data.ads?.map(({ ad_id }) => ad_id)]).toEqual([
      expect.objectContaining({ total_ads: 2, total_clicks: 2 }),
      OWN,
    ]);
  });

  it('sees the rejections of its ads only', async () => {
    for (const id of ['own-1', 'other', 'no-such-ad']) {
      expect((await call('POST', '/ads/click', { ad_id: id, video_play_time: -1 })).status).toBe(400);
    }
    const idsOf = async (answer: ReturnType<typeof send>) => {
      const { rejected } = (await answer).answer as unknown as { rejected: { ad_id: string | null }[] };
      return rejected.map(({ ad_id: id }) => id);
    };
    expect(await idsOf(send('GET', '/ads/events/rejected'))).toEqual(['own-1']);
    const all = await idsOf(call('GET', '/ads/events/rejected'));
    expect(all).toEqual(expect.arrayContaining(['own-1', 'other', 'no-such-ad']));
  });

  it('creates and changes ads of its advertiser only', async () => {
    expect((await send('POST', '/ads', ad('own-3', null))).answer).toMatchObject({ advertiser: 'Own Shop' });
    expect((await send('POST', '/ads', ad('own-4', 'Other Shop'))).status).toBe(403);
    for (const advertiser of ['Other Shop', null]) {
      expect((await send('PATCH', '/ads/own-3', { advertiser })).status).toBe(403);
    }
    expect((await send('PATCH', '/ads/own-3', { title: 'new' })).answer).toMatchObject({ title: 'new' });
    const lines = 'id,advertiser,target_url\nown-5,,https://a.example/\nown-6,Other Shop,https://a.example/\n';
    const response = await fetch(`${stack.url}/ads/import?mode=valid`, {
      method: 'POST',
      headers: { ...bearer('bound'), 'Content-Type': 'text/csv' },
      body: lines,
    });
    expect(await response.json()).toMatchObject({ created: 1, results: [{ id: 'own-5' }, { status: 'rejected' }] });
    expect((await send('GET', '/ads/own-5')).answer).toMatchObject({ advertiser: 'Own Shop' });
    const { answer } = await send('GET', '/ads/own-3/history');
    const by = `bound (${keys.get('bound')?.id})`;
    expect(answer).toMatchObject({ changes: [{ changed_by: by, action: 'changed' }, { changed_by: by }] });
  });
});

describe('a share', () => {
  const shares = new Map<string, { readonly id: string; readonly secret: string }>();
  const by = (name: string) => ({ Authorization: `Bearer ${shares.get(name)?.secret}` });
  const read = (name: string, path: string) => call('GET', path, undefined, by(name));
  const share = async (fields: object, headers?: { readonly Authorization: string }) =>
    await call('POST', '/shares', { name: 'for tests', ...fields }, headers);

  beforeAll(async () => {
    for (const [id, campaign, advertiser] of [
      ['in-1', 'summer', 'A'],
      ['in-2', 'summer', 'B'],
      ['out', 'winter', 'A'],
    ] as const) {
      await call('POST', '/ads', { id, campaign, advertiser, target_url: 'https://example.com/' });
      await call('POST', '/ads/click', { ad_id: id });
    }
    await makeKey('of A', { scopes: ['manage'], advertiser: 'A' });
    await makeKey('deleted later', { scopes: ['manage'] });
    const soon = new Date(Date.now() + 1_500).toISOString();
    for (const [name, fields, headers] of [
      ['ad', { ad_id: 'in-1' }],
      ['campaign', { campaign: 'summer' }],
      ['campaign of A', { campaign: 'summer' }, bearer('of A')],
      ['soon over', { ad_id: 'in-1', expires_at: soon }],
      ['of a deleted key', { ad_id: 'in-1' }, bearer('deleted later')],
      ['revoked', { ad_id: 'in-1' }],
    ] as const) {
      const { status, answer } = await share(fields, headers);
      expect([name, status]).toEqual([name, 201]);
      shares.set(name, answer as unknown as { id: string; secret: string });
    }
    const isKnown = async () => (await read('revoked', '/ads/analytics/quality?ad_id=in-1')).status === 200;
    await waitFor(isKnown, { timeoutMs: 5_000, what: 'analytics to know the shares' });
  });

  it.each(ALL_ENDPOINTS.filter(({ access, isShared }: Endpoint) => access !== 'everybody' && isShared !== true))(
    'does not open $method $path',
    async (endpoint) => {
      for (const name of ['ad', 'campaign']) expect(await statusesOf(endpoint, by(name))).toEqual([403]);
    },
  );

  const ofAd = ['/ads/ID', '/ads/analytics/play-time?ad_id=ID', '/ads/analytics/quality?ad_id=ID'];
  it.each(ofAd)('opens its ad or the ads of its campaign only: %s', async (path) => {
    const opened = async (name: string) => {
      const statuses: number[] = [];
      // Diagnostics answer one request of a client at a time.
      for (const id of ['in-1', 'in-2', 'out', 'no-such-ad']) {
        statuses.push((await read(name, path.replace('ID', id))).status);
      }
      return statuses;
    };
    expect(await opened('ad')).toEqual([200, 404, 404, 404]);
    expect(await opened('campaign')).toEqual([200, 200, 404, 404]);
    expect(await opened('campaign of A')).toEqual([200, 404, 404, 404]);
  });

  it('shows the names, state and dates of its ads, not where they lead', async () => {
    const { answer } = await read('ad', '/ads/in-1');
    const shown = { id: 'in-1', title: null, advertiser: 'A', campaign: 'summer', status: 'active' };
    expect(answer).toEqual({ ...shown, starts_at: null, ends_at: null, created_at: expect.any(String) });
  });

  it('reports its ads only, also in files, whatever the request asks for', async () => {
    const report = '/ads/analytics/report?interval=total&metrics=clicks&group_by=ad';
    const adsOf = async (name: string, more = '') => {
      const url = `${stack.url}${API_PREFIX}${report}&format=csv${more}`;
      const lines = (await (await fetch(url, { headers: by(name) })).text()).trim().split('\r\n');
      return lines.slice(1).map((line) => line.split(',').slice(0, 2).join());
    };
    const isCounted = async () => (await adsOf('campaign')).length === 2;
    await waitFor(isCounted, { timeoutMs: 10_000, what: 'the clicks to be counted' });
    expect(await adsOf('ad')).toEqual(['in-1,1']);
    expect(await adsOf('campaign')).toEqual(['in-1,1', 'in-2,1']);
    expect(await adsOf('campaign', '&ad_id=out')).toEqual([]);
    expect(await adsOf('campaign of A')).toEqual(['in-1,1']);
    for (const [name, filter] of [
      ['ad', 'ad_id=in-1&ad_id=in-2'],
      ['campaign', 'campaign=winter'],
      ['campaign of A', 'advertiser=B'],
    ] as const) {
      expect([filter, (await read(name, `${report}&${filter}`)).status]).toEqual([filter, 403]);
    }
  });

  it('tells what it opens, and is limited as its creator is', async () => {
    const current = async (name: string) => (await read(name, '/shares/current')).answer;
    const ends = { expires_at: expect.any(String) };
    expect(await current('ad')).toEqual({ ad_id: 'in-1', campaign: null, advertiser: null, ...ends });
    expect(await current('campaign of A')).toEqual({ ad_id: null, campaign: 'summer', advertiser: 'A', ...ends });
    expect((await share({ campaign: 'summer', advertiser: 'B' }, bearer('of A'))).status).toBe(403);
    expect((await share({ ad_id: 'in-2' }, bearer('of A'))).status).toBe(404);
    const { answer } = await call('GET', '/shares', undefined, bearer('of A'));
    const by = { created_by: `of A (${keys.get('of A')?.id})` };
    expect(answer).toMatchObject({ shares: [{ campaign: 'summer', advertiser: 'A', ...by }], next_cursor: null });
    const foreign = `/shares/${shares.get('ad')?.id}`;
    expect((await call('DELETE', foreign, undefined, bearer('of A'))).status).toBe(404);
    // A share is no key, although it is stored as one.
    expect((await call('DELETE', `/keys/${shares.get('ad')?.id}`)).status).toBe(404);
    expect((await call('GET', '/keys')).text).not.toContain('for tests');
  });

  it('is refused within 2 s of its end by both services, which say why', async () => {
    const why = async (name: string, path: string) => (await read(name, path)).text;
    const deletedAt = performance.now();
    expect((await call('DELETE', `/shares/${shares.get('revoked')?.id}`)).status).toBe(200);
    expect((await deleteKey('deleted later')).status).toBe(200);
    const when = { timeoutMs: 5_000, what: 'the end of the shares' };
    for (const path of ['/ads/in-1', '/ads/analytics/quality?ad_id=in-1']) {
      for (const name of ['revoked', 'of a deleted key']) {
        await waitFor(async () => (await why(name, path)).includes('The share link was revoked'), when);
      }
      expect(performance.now() - deletedAt).toBeLessThan(2_000);
    }
    await waitFor(async () => (await why('soon over', '/ads/in-1')).includes('The share link has expired'), when);
    expect(await why('soon over', '/ads/analytics/quality?ad_id=in-1')).toContain('The share link has expired');
  });
});
