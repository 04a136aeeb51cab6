import { type LocalProcess, openTestServers } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const KEY = 'the-key-of-ad-tests';
const AUTHORIZED = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };

const testServers = openTestServers();
let first: LocalProcess;
let second: LocalProcess;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  // No refresh of the catalogue during the tests.
  const env = { ...database, ...redis.env, ...nats.env, ADMIN_API_KEY: KEY, AD_CATALOGUE_REFRESH_SECONDS: '600' };
  const ingest = () => testServers.service({ name: 'ingest', env });
  [first, second] = await Promise.all([ingest(), ingest()]);
});
afterAll(testServers.release);

type Json = Record<string, unknown>;

async function send(method: string, path: string, body?: unknown, headers: Json = AUTHORIZED, to = first) {
  const response = await fetch(`http://${to.host}:${to.port}/api/v1/ads${path}`, {
    method,
    headers: headers as Record<string, string>,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Json;
  return { status: response.status, etag: response.headers.get('etag') ?? '', answer };
}

const AD = { target_url: 'https://example.com/', campaign: 'spring' };

describe('a new ad', () => {
  it('has all fields, takes events in every replica at once, and is on the list', async () => {
    // Both replicas remember for up to a second that it is missing, and have the list of ads in their caches.
    const click = (to: LocalProcess) => send('POST', '/click', { ad_id: 'ad-new' }, AUTHORIZED, to);
    for (const to of [first, second]) expect((await click(to)).status).toBe(400);
    const before = await send('GET', '');
    const created = await send('POST', '', {
      ...AD,
      id: 'ad-new',
      starts_at: '2026-03-01T01:00:00+01:00',
      duration_seconds: 12.345,
    });
    const since = performance.now();
    const time = expect.stringMatching(/^20\d\d-.*Z$/);
    expect([created.status, created.answer]).toEqual([
      201,
      {
        ...{
          id: 'ad-new',
          title: null,
          advertiser: null,
          campaign: 'spring',
          image_url: '',
          target_url: AD.target_url,
        },
        ...{ duration_seconds: 12.345, status: 'active', starts_at: '2026-03-01T00:00:00.000Z', ends_at: null },
        ...{ created_at: time, updated_at: time },
      },
    ]);
    expect((await send('GET', '')).answer.count).toBe(Number(before.answer.count) + 1);
    for (const to of [first, second]) {
      while ((await click(to)).status !== 202) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(performance.now() - since).toBeLessThan(2_000);
    expect((await send('GET', '/ad-new', undefined, {}, second)).answer).toEqual(created.answer);
  });

  it('is created once for an Idempotency-Key, also by two requests at once', async () => {
    const headers = { ...AUTHORIZED, 'Idempotency-Key': 'the one' };
    const [one, other] = await Promise.all([first, second].map((to) => send('POST', '', AD, headers, to)));
    expect([one?.status, other?.status]).toEqual([201, 201]);
    expect(other?.answer).toEqual(one?.answer);
    await send('PATCH', `/${one?.answer.id}`, { title: 'changed' });
    expect(await send('POST', '', { campaign: 'spring', target_url: AD.target_url }, headers)).toEqual(one);
    expect((await send('POST', '', { ...AD, campaign: 'x' }, headers)).status).toBe(422);
  });

  it.each<[Json, string]>([
    [{ id: 'events' }, 'id'],
    [{ id: '..' }, 'id'],
    [{ id: 'a/b' }, 'id'],
    [{ target_url: 'javascript:alert(1)' }, 'target_url'],
    [{ target_url: 'https://a.example/\r\nSet-Cookie: a=b' }, 'target_url'],
    [{ target_url: `https://a.example/${'x'.repeat(2_031)}` }, 'target_url'],
    [{ target_url: 'https://[MACRO]/' }, 'target_url'],
    [{ title: 'a\u0000b' }, 'title'],
    [{ title: 'x'.repeat(201) }, 'title'],
    [{ status: 'gone' }, 'status'],
    [{ duration_seconds: 0 }, 'duration_seconds'],
    [{ duration_seconds: 1.2345 }, 'duration_seconds'],
    [{ starts_at: '2026-02-30' }, 'starts_at'],
    [{ starts_at: '2026-03-01', ends_at: '2026-03-01' }, 'ends_at'],
    [{ colour: 'red' }, 'colour'],
  ])('is refused with %j', async (fields, path) => {
    const { status, answer } = await send('POST', '', { ...AD, ...fields });
    expect([status, answer.details]).toEqual([400, [{ path, message: expect.any(String) }]]);
  });

  it('accepts the longest values', async () => {
    const longest = {
      id: 'x'.repeat(128),
      title: 'ü'.repeat(200),
      target_url: `https://a.example/${'x'.repeat(2_030)}`,
    };
    expect((await send('POST', '', longest)).answer).toMatchObject(longest);
  });
});

describe('a change of an ad', () => {
  it('is noted with old and new values, and keeps the other fields', async () => {
    const { answer: ad } = await send('POST', '', { ...AD, id: 'noted' });
    const target = { target_url: 'https://example.com/new' };
    const changed = await send('PATCH', '/noted', { ...target, campaign: 'spring' });
    expect(changed.answer).toEqual({ ...ad, ...target, updated_at: changed.answer.updated_at });
    // Nothing changes, so nothing is noted.
    expect((await send('PATCH', '/noted', target)).etag).toBe(changed.etag);
    const archived = await send('DELETE', '/noted');
    expect(archived.answer).toMatchObject({ ...target, status: 'archived' });
    expect((await send('POST', '/click', { ad_id: 'noted' })).status).toBe(202);
    const by = { changed_at: expect.any(String), changed_by: 'admin' };
    const changes = [
      { ...by, action: 'archived', old: { status: 'active' }, new: { status: 'archived' } },
      { ...by, action: 'changed', old: { target_url: AD.target_url }, new: target },
      { ...by, action: 'created', old: null, new: ad },
    ];
    expect((await send('GET', '/noted/history')).answer).toEqual({ ad_id: 'noted', changes, next_cursor: null });
    const page = await send('GET', '/noted/history?limit=2');
    expect(page.answer).toMatchObject({ changes: changes.slice(0, 2), next_cursor: expect.any(String) });
    const rest = await send('GET', `/noted/history?cursor=${page.answer.next_cursor}`);
    expect(rest.answer).toMatchObject({ changes: changes.slice(2), next_cursor: null });
  });

  it('with If-Match succeeds once, of many at once', async () => {
    const { etag } = await send('POST', '', { ...AD, id: 'contested' });
    const headers = { ...AUTHORIZED, 'If-Match': etag };
    const patches = [1, 2, 3, 4].map((n) =>
      send('PATCH', '/contested', { title: `${n}` }, headers, n % 2 ? first : second),
    );
    const results = (await Promise.all(patches)).map(({ status }) => status);
    expect(results.sort()).toEqual([200, 412, 412, 412]);
    expect((await send('PATCH', '/contested', { title: 'any' })).status).toBe(200);
  });

  it('is refused if the ad would end before it starts', async () => {
    await send('POST', '', { ...AD, id: 'dated', ends_at: '2026-03-01' });
    const { status, answer } = await send('PATCH', '/dated', { starts_at: '2026-03-02' });
    expect([status, answer.details]).toEqual([400, [{ path: 'ends_at', message: expect.any(String) }]]);
  });

  it.each([
    ['POST', ''],
    ['PATCH', '/ad-001'],
    ['DELETE', '/ad-001'],
    ['GET', '/ad-001/history'],
  ])('and its history need the key: %s %s', async (method, path) => {
    expect((await send(method, path, undefined, { Authorization: 'Bearer another-key-of-tests' })).status).toBe(401);
  });
});
