import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type LocalProcess, openPool, openTestServers, readMemory, type Variables, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';

const testServers = openTestServers();
const KEY = 'the-key-of-this-test';
const ROWS = 200_000;

let analytics: LocalProcess;
let env: Variables;
let database: pg.Pool;

beforeAll(async () => {
  env = await testServers.database();
  database = openPool(env);
  testServers.onRelease(() => database.end());
  const insert = `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at, claimed_at, play_time_seconds, play_time_ms, source, verdict)`;
  await database.query(`${insert}
    VALUES ('019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d', 'click', '=1+1', '203.0.113.7', '2026-01-02 03:04:05', '2026-01-02 03:04:05.12',
            '2026-02-01', 12, 12345, '@spring', 10),
           ('f47ac10b-58cc-4372-a567-0e02b2c3d479', 'click', 'say"1,2"', '2001:db8::1', '2026-01-02 10:00:00.001', '2026-01-02', NULL, 7, NULL, NULL, NULL),
           ('f47ac10b-58cc-4372-a567-0e02b2c3d479', 'impression', '=1+1', '203.0.113.7', '2026-01-03', '2026-01-03', NULL, NULL, NULL, NULL, NULL)`);
  await database.query(`${insert}
    SELECT ('f0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'impression', 'ad-large', '203.0.113.9', '2026-02-01', '2026-02-01',
           NULL, NULL, NULL, NULL, NULL
    FROM generate_series(1, ${ROWS}) AS n`);
  analytics = await testServers.service({
    name: 'analytics',
    env: { ...env, REDIS_PORT: '1', ADMIN_API_KEY: KEY, MAX_EXPORTS: '2' },
  });
});

afterAll(() => testServers.release());

const urlOf = (query: string) => `http://127.0.0.1:${analytics.port}/api/v1/ads/analytics/events?${query}`;
const AUTHORIZED = { Authorization: `Bearer ${KEY}` };

const ask = (query: string, headers: Record<string, string> = {}) =>
  fetch(urlOf(query), { headers: { ...AUTHORIZED, ...headers } });

async function rowsOf(query: string): Promise<Record<string, unknown>[]> {
  const text = await (await ask(query)).text();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .sort((one, other) => (String(one.occurred_at) < String(other.occurred_at) ? -1 : 1));
}

/** Begins to read the large export and stops after the head. */
async function readSlowly(): Promise<IncomingMessage> {
  const request = get(urlOf('ad_id=ad-large&from=2026-02-01&to=2026-02-02'), { headers: AUTHORIZED });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** The processes of Postgres that run exports. */
async function exports(): Promise<{ pid: number; state: string }[]> {
  const { rows } = await database.query<{ pid: number; state: string }>(
    `SELECT pid, state FROM pg_stat_activity
     WHERE datname = current_database() AND (query LIKE 'FETCH%' OR query LIKE 'DECLARE%')`,
  );
  return rows;
}

const untilExports = (what: string, are: (found: { state: string }[]) => boolean) =>
  waitFor(async () => are(await exports()), { timeoutMs: 10_000, what });

describe('the export of events', () => {
  it('has every column of the events in the range, whose start is included and whose end is not', async () => {
    const query = 'ad_id=%3D1%2B1&ad_id=say%221,2%22&from=2026-01-02T03:04:05Z';
    const rows = await rowsOf(`${query}&to=2026-01-03`);
    expect(rows).toEqual([
      {
        kind: 'click',
        id: '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d',
        ad_id: '=1+1',
        occurred_at: '2026-01-02T03:04:05.000Z',
        received_at: '2026-01-02T03:04:05.120Z',
        claimed_at: '2026-02-01T00:00:00.000Z',
        ip: '203.0.113.7',
        video_play_time: 12.345,
        session_id: null,
        placement: null,
        source: '@spring',
        device: null,
        country: null,
        error_code: null,
        verdict: 'double_click',
      },
      expect.objectContaining({ ad_id: 'say"1,2"', claimed_at: null, ip: '2001:db8::1', video_play_time: 7 }),
    ]);
    expect(await rowsOf(`${query}&to=2026-01-02T10:00:00.001Z`)).toHaveLength(1);
    expect(await rowsOf(`${query}&to=2026-01-04`)).toHaveLength(3);
    expect(await rowsOf(`${query}&to=2026-01-04&kind=impression`)).toHaveLength(1);
    expect(await rowsOf('ad_id=%3D1%2B1&from=2026-01-02&to=2026-01-03&tz=America/New_York')).toHaveLength(1);
  });

  it('is CSV with formulas disarmed if asked for', async () => {
    const range = 'ad_id=%3D1%2B1&ad_id=say%221,2%22&from=2026-01-02&to=2026-01-03';
    const response = await ask(`${range}&format=csv`);
    expect([...response.headers].filter(([name]) => name.startsWith('content-'))).toEqual(
      expect.arrayContaining([
        ['content-type', 'text/csv; charset=utf-8; header=present'],
        ['content-disposition', 'attachment; filename="events-2026-01-02-2026-01-03.csv"'],
      ]),
    );
    const text = await response.text();
    const [head, ...lines] = text.split('\r\n');
    expect([head, ...lines.sort()]).toEqual([
      'kind,id,ad_id,occurred_at,received_at,claimed_at,ip,video_play_time,session_id,placement,source,device,country,error_code,verdict',
      '',
      "click,019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d,'=1+1,2026-01-02T03:04:05.000Z,2026-01-02T03:04:05.120Z,2026-02-01T00:00:00.000Z,203.0.113.7,12.345,,,'@spring,,,,double_click",
      'click,f47ac10b-58cc-4372-a567-0e02b2c3d479,"say""1,2""",2026-01-02T10:00:00.001Z,2026-01-02T00:00:00.000Z,,2001:db8::1,7,,,,,,,valid',
    ]);
    expect(await (await ask(range, { Accept: 'text/csv' })).text()).toBe(text);
    const parts = await ask(range, { Accept: 'text/html, */*;q=0.8' });
    expect(parts.headers.get('content-type')).toBe('application/x-ndjson');
    await parts.text();
  });

  it.each([
    ['ad_id is required', ''],
    ['ad_id must be 1 to 128 printable ASCII characters', 'ad_id=a%20b'],
    ['kind must be a kind of event', 'ad_id=a&kind=like'],
    ['format must be one of [ndjson, csv]', 'ad_id=a&format=xml'],
    ['unknown parameter; exports of events have the parameters', 'ad_id=a&form=csv'],
    ['from must be before to', 'ad_id=a&from=2026-01-02&to=2026-01-02'],
    ['ad_id must contain less than or equal to 1000 items', `ad_id=a${'&ad_id=a'.repeat(1_000)}`],
  ])('refuses a query with a 400 that says what is wrong: %s', async (message, query) => {
    const response = await ask(query);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringContaining(message) }),
    ]);
  });

  it.each(['', 'Bearer', `Basic ${KEY}`, `Bearer ${KEY}x`, `Bearer ${KEY.slice(0, -1)}`, `Bearer ${KEY} ${KEY}`])(
    'needs the key: %s is answered with 401',
    async (authorization) => {
      const response = await ask('ad_id=ad-001', { Authorization: authorization });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer/),
      ]);
      await response.text();
    },
  );

  it('waits for a slow client in Postgres, keeps its memory flat, and limits their number', async () => {
    await (await ask('ad_id=ad-large&from=2026-02-01&to=2026-02-02')).text();
    const before = readMemory(analytics.pid).now;
    const [one, two] = await Promise.all([readSlowly(), readSlowly()]);
    await untilExports(
      'both exports to wait',
      (found) => found.filter(({ state }) => state.startsWith('idle')).length === 2,
    );
    const third = await ask('ad_id=ad-001');
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    await third.text();
    let bytes = 0;
    let lines = 0;
    for await (const part of one as AsyncIterable<Buffer>) {
      bytes += part.length;
      for (const byte of part) if (byte === 10) lines += 1;
    }
    expect([lines, one.complete]).toEqual([ROWS, true]);
    expect((readMemory(analytics.pid).most - before) * 1_048_576).toBeLessThan(bytes / 2);
    two.destroy();
    await untilExports('the export of the client that has gone to end', (found) => found.length === 0);
  });

  it('cancels the statement of a client that has gone while Postgres works', async () => {
    const lock = await database.connect();
    await lock.query('BEGIN; LOCK TABLE ad_events IN ACCESS EXCLUSIVE MODE');
    const request = get(urlOf('ad_id=ad-large'), { headers: AUTHORIZED }).on('error', () => undefined);
    await untilExports('the export to wait for the lock', (found) => found.some(({ state }) => state === 'active'));
    request.destroy();
    await untilExports('the statement to end', (found) => found.length === 0);
    await lock.query('ROLLBACK');
    lock.release();
  });

  it('breaks the connection of the client if Postgres ends the read, so that the rows are never taken for all', async () => {
    const response = await readSlowly();
    await untilExports('the export to wait', (found) => found.some(({ state }) => state.startsWith('idle')));
    for (const { pid } of await exports()) await database.query('SELECT pg_terminate_backend($1)', [pid]);
    const read = async () => {
      for await (const _part of response);
    };
    await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
    expect(analytics.logTail(20)).toContain('export.failed');
  });
});
