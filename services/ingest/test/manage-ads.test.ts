import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalProcess, openPool, openTestServers } from '@ads/local';
import { UsageError } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runAdsCommand } from '../src/command/ads-commands.js';
import { readAdsCommand } from '../src/command/ads-options.js';
import { readKeysCommand, runKeysCommand } from '../src/command/keys-command.js';
import { findApi } from '../src/command/local-api.js';

const KEY = 'the-key-of-ad-tests';
const AUTHORIZED = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };

const testServers = openTestServers();
let first: LocalProcess;
let second: LocalProcess;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  // No refresh of the catalogue during the tests.
  const env = {
    ...database,
    ...redis.env,
    ...nats.env,
    ADMIN_API_KEY: KEY,
    AD_CATALOGUE_REFRESH_SECONDS: '600',
    MAX_IMPORT_ADS: '5',
  };
  const ingest = () => testServers.service({ name: 'ingest', env });
  [first, second] = await Promise.all([ingest(), ingest()]);
  pool = openPool(database);
  testServers.onRelease(() => pool.end());
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
const FILE = { url: 'https://a.example/a.mp4', type: 'video/mp4', width: 1_280, height: 720, delivery: 'progressive' };
const COMPANION = { image_url: 'https://a.example/a.png', width: 300, height: 250 };

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
        ...{ click_mode: 'redirect', skip_offset: null, media: [], vast_url: null, companion: null },
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
    [{ target_url: 'https://a.example/?x={unknown}' }, 'target_url'],
    [{ title: 'a\u0000b' }, 'title'],
    [{ title: 'x'.repeat(201) }, 'title'],
    [{ status: 'gone' }, 'status'],
    [{ duration_seconds: 0 }, 'duration_seconds'],
    [{ duration_seconds: 1.2345 }, 'duration_seconds'],
    [{ starts_at: '2026-02-30' }, 'starts_at'],
    [{ starts_at: '2026-03-01', ends_at: '2026-03-01' }, 'ends_at'],
    [{ colour: 'red' }, 'colour'],
    [{ target_url: 'https://a.example/]]>' }, 'target_url'],
    [{ media: Array(21).fill(FILE), duration_seconds: 1 }, 'media'],
    [{ media: [{ ...FILE, type: 'mp4' }], duration_seconds: 1 }, 'media.0.type'],
    [{ media: [FILE, { ...FILE, codec: 'x' }], duration_seconds: 1 }, 'media.1.codec'],
    [{ media: [{ ...FILE, url: 'https://a.example/\u00fc' }], duration_seconds: 1 }, 'media.0.url'],
    [{ media: [FILE] }, 'duration_seconds'],
    [{ skip_offset: '0:05' }, 'skip_offset'],
    [{ skip_offset: '100%' }, 'skip_offset'],
    [{ skip_offset: '00:00:20', duration_seconds: 20 }, 'skip_offset'],
    [{ vast_url: 'https://[MACRO]/' }, 'vast_url'],
    [{ companion: { ...COMPANION, height: 0 } }, 'companion.height'],
    [{ companion: { ...COMPANION, target_url: 'https://a.example/{sid}' } }, 'companion.target_url'],
    [{ click_mode: 'both' }, 'click_mode'],
  ])('is refused with %j', async (fields, path) => {
    const { status, answer } = await send('POST', '', { ...AD, ...fields });
    expect([status, answer.details]).toEqual([400, [{ path, message: expect.any(String) }]]);
  });

  it('accepts the longest values', async () => {
    const longest = {
      media: Array(20).fill({ ...FILE, width: 16_384, bitrate: 1_000_000 }),
      duration_seconds: 20,
      skip_offset: '00:00:19.999',
      vast_url: 'HTTPS://a.example/vast?cb=[CACHEBUSTING]',
      companion: { ...COMPANION, target_url: null, alt_text: null },
      click_mode: 'tracking',
      id: 'x'.repeat(128),
      title: 'ü'.repeat(200),
      target_url: `https://a.example/{click_id}${'x'.repeat(2_020)}`,
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

  it('of media files compares what they have, and needs a duration', async () => {
    const { etag } = await send('POST', '', {
      ...AD,
      id: 'video',
      media: [FILE],
      duration_seconds: 20,
      companion: COMPANION,
    });
    const { width, ...others } = FILE;
    const again = { media: [{ ...others, bitrate: null, width }], companion: { ...COMPANION, alt_text: null } };
    expect((await send('PATCH', '/video', again)).etag).toBe(etag);
    expect((await send('PATCH', '/video', { duration_seconds: null })).answer.details).toMatchObject([
      { path: 'duration_seconds' },
    ]);
    const removed = { media: [], companion: null, duration_seconds: null };
    expect((await send('PATCH', '/video', removed)).answer).toMatchObject(removed);
    expect((await send('GET', '/video/history?limit=1')).answer.changes).toMatchObject([
      { old: { media: [FILE], companion: COMPANION }, new: removed },
    ]);
  });

  it('of an ad from SQL is not refused for what it does not change', async () => {
    await pool.query(`INSERT INTO ads (id, image_url, target_url, duration_seconds, skip_offset)
      VALUES ('from-sql', '', '/{x}', 20, '00:01:00')`);
    expect((await send('PATCH', '/from-sql', { title: 'new' })).answer).toMatchObject({
      title: 'new',
      target_url: '/{x}',
    });
    expect((await send('PATCH', '/from-sql', { skip_offset: '00:02:00' })).status).toBe(400);
    expect((await send('DELETE', '/from-sql')).answer).toMatchObject({ status: 'archived' });
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
    ['POST', '/import'],
    ['PATCH', '/ad-001'],
    ['DELETE', '/ad-001'],
    ['GET', '/ad-001/history'],
  ])('and its history need the key: %s %s', async (method, path) => {
    expect((await send(method, path, undefined, { Authorization: 'Bearer another-key-of-tests' })).status).toBe(401);
  });
});

describe('an import', () => {
  const read = async (id: string) => (await send('GET', `/${id}`)).answer;
  async function importAds(text: string | Uint8Array<ArrayBuffer>, mode = 'all', type = 'text/csv') {
    const response = await fetch(`http://${first.host}:${first.port}/api/v1/ads/import?mode=${mode}`, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'Content-Type': type },
      body: text,
    });
    return { status: response.status, answer: (await response.json()) as Json };
  }

  it('of CSV creates all ads, with quotes, numbers and empty fields', async () => {
    const { status, answer } = await importAds(
      '\ufeffid, target_url ,title,duration_seconds,starts_at,media_url,media_type,media_width,media_height,media_delivery\r\n' +
        'csv-1,https://example.com/,"Two, ""three""",20.5,2026-03-01,https://a.example/a.mp4,video/mp4,1280,720,progressive\r\n' +
        '\r\n,https://example.com/,,,,,,,,\r\n',
    );
    const results = [
      { line: 2, status: 'created', id: 'csv-1' },
      { line: 4, status: 'created', id: expect.any(String) },
    ];
    expect([status, answer]).toEqual([200, { created: 2, rejected: 0, results }]);
    const fields = {
      title: 'Two, "three"',
      duration_seconds: 20.5,
      starts_at: '2026-03-01T00:00:00.000Z',
      media: [FILE],
    };
    expect(await read('csv-1')).toMatchObject(fields);
    expect((await send('GET', '/csv-1/history')).answer).toMatchObject({ changes: [{ action: 'created' }] });
  });

  const LINES = [
    '{"id":"line-1","target_url":"https://example.com/"}',
    '{"id":"line-1","target_url":"https://example.com/"}',
    '{"id":"line-3","target_url":"ftp://example.com/"}',
    '{"id":"ad-001","target_url":"https://example.com/"}',
    '{',
  ];

  it('of NDJSON creates all ads or none, and names the problem of each line', async () => {
    const { status, answer } = await importAds(LINES.join('\n'), 'all', 'application/x-ndjson');
    const paths = ['lines.2.id', 'lines.3.target_url', 'lines.4.id', 'lines.5'];
    expect([status, (answer.details as Json[]).map(({ path }) => path)]).toEqual([400, paths]);
    expect(await read('line-1')).toMatchObject({ error: 'unknown_ad' });
  });

  it('with mode=valid creates the ads of the valid lines', async () => {
    const { status, answer } = await importAds(LINES.join('\n'), 'valid', 'application/x-ndjson');
    expect([status, answer]).toMatchObject([
      200,
      { created: 1, rejected: 4, results: [{ id: 'line-1' }, {}, {}, {}, {}] },
    ]);
    expect(await read('line-1')).toMatchObject({ id: 'line-1' });
  });

  it('with mode=check tells the problem of each line, and creates nothing', async () => {
    const lines = [...LINES, '{"id":"line-6","target_url":"https://example.com/"}'];
    const { status, answer } = await importAds(lines.slice(2).join('\n'), 'check', 'application/x-ndjson');
    const results = answer.results as { status: string; details?: { path: string }[] }[];
    expect([status, answer.created, answer.rejected]).toEqual([200, 0, 3]);
    expect(results.map(({ status: one, details }) => details?.[0]?.path ?? one)).toEqual([
      'target_url',
      'id',
      '',
      'valid',
    ]);
    expect(await read('line-6')).toMatchObject({ error: 'unknown_ad' });
  });

  it.each([
    ['more ads than MAX_IMPORT_ADS', `target_url\n${'https://a.example/\n'.repeat(6)}`],
    ['a quote without an end', 'target_url\n"https://a.example/\n'],
    ['a field twice', 'target_url,target_url\nhttps://a.example/,https://a.example/\n'],
    ['a missing column', 'id,target_url\nx\n'],
    ['an unknown field', 'target_url,colour\nhttps://a.example/,red\n'],
    ['no ads', 'target_url\n'],
    [
      'an encoding other than UTF-8',
      new Uint8Array(Buffer.from('target_url,title\nhttps://a.example/,Gr\u00fcn\n', 'latin1')),
    ],
  ])('is refused with %s', async (_what, text) => {
    expect((await importAds(text)).status).toBe(400);
  });

  it('may have MAX_IMPORT_ADS ads', async () => {
    const { answer } = await importAds(`target_url\n${'https://a.example/\n'.repeat(5)}`);
    expect(answer).toMatchObject({ created: 5, rejected: 0 });
  });
});

describe('the command ads', () => {
  async function ads(...args: string[]) {
    const command = readAdsCommand([...args, '--url', `http://${first.host}:${first.port}/`]);
    const lines: Json[] = [];
    const api = findApi(command.url, { ADMIN_API_KEY: KEY });
    const done = await runAdsCommand(command, api, (line) => lines.push(JSON.parse(line) as Json));
    return { done, lines };
  }

  it('adds, lists, imports and archives ads', async () => {
    const ad = { id: 'typed', campaign: 'spring', duration_seconds: 12.5, media: [FILE] };
    const media = Object.entries(FILE).flatMap(([name, value]) => [`--media-${name}`, `${value}`]);
    const flags = ['--id', 'typed', '--campaign', 'spring', '--duration-seconds', '12.5', ...media];
    expect((await ads('add', '--target-url', AD.target_url, ...flags)).lines).toMatchObject([ad]);
    expect((await ads('list')).lines).toContainEqual(expect.objectContaining(ad));
    expect((await ads('list', '--q', 'TYPED', '--campaign', 'spring')).lines).toMatchObject([ad]);
    expect((await ads('list', '--q', 'typed', '--status', 'paused')).lines).toEqual([]);
    const file = join(testServers.folder, 'ads.csv');
    writeFileSync(file, 'id,target_url\ntyped-2,https://example.com/\ntyped,https://example.com/\n');
    await expect(ads('import', file)).rejects.toThrow(/lines.3.id: id must not be the id of an existing ad/);
    expect(await ads('import', file, '--mode', 'valid')).toMatchObject({ done: false, lines: [{ id: 'typed-2' }, {}] });
    expect((await ads('archive', 'typed', 'typed-2')).lines).toMatchObject([{ status: 'archived' }, { id: 'typed-2' }]);
    await expect(ads('archive', 'no-such-ad')).rejects.toThrow(/does not exist/);
  });

  it.each([
    [],
    ['remove'],
    ['add'],
    ['list', '--mode', 'all'],
    ['list', '--title', 'x'],
    ['import', 'ads.txt'],
    ['--all'],
  ])('refuses %j %j %j', (...args) => {
    expect(() => readAdsCommand(args.filter((arg) => arg !== undefined))).toThrow(UsageError);
  });
});

describe('the command keys', () => {
  async function keys(...args: string[]) {
    const command = readKeysCommand([...args, '--url', `http://${first.host}:${first.port}`]);
    const lines: Json[] = [];
    await runKeysCommand(command, findApi(command.url, { ADMIN_API_KEY: KEY }), (line) =>
      lines.push(JSON.parse(line) as Json),
    );
    return lines;
  }

  it('adds, lists and removes keys', async () => {
    const [added] = await keys('add', 'Agency', '--scope', 'manage', '--scope', 'read', '--advertiser', 'Shop');
    const { key, ...shown } = added ?? {};
    expect([key, shown]).toEqual([
      expect.stringMatching(/^amt_/),
      expect.objectContaining({ name: 'Agency', scopes: ['manage', 'read'], advertiser: 'Shop', expires_at: null }),
    ]);
    expect(await keys('list')).toEqual([shown]);
    expect(await keys('remove', String(shown.id))).toEqual([shown]);
    expect(await keys('list')).toEqual([]);
    await expect(keys('add', 'Agency', '--scope', 'all')).rejects.toThrow(/scopes/);
  });

  it.each([[], ['drop'], ['add'], ['add', 'x'], ['list', 'x'], ['list', '--scope', 'read'], ['remove'], ['--all']])(
    'refuses %j %j %j',
    (...args) => {
      expect(() => readKeysCommand(args.filter((arg) => arg !== undefined))).toThrow(UsageError);
    },
  );
});
