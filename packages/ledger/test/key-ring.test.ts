import { openTestServers } from '@ads/local';
import { KEY_SECRET, type KeyScope } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createKey,
  createKeyRing,
  createShare,
  type Database,
  deleteKey,
  deleteShare,
  type KeyRing,
  listShares,
  MOST_KEYS,
  MOST_SHARES,
  MOST_SHARES_OF_ADVERTISER,
  pruneApiKeys,
} from '../src/index.js';
import { rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

let database: Database;
let isAway = false;
let time: number | undefined = Date.parse('2026-11-27T12:00:00Z');

beforeAll(async () => {
  const postgres = openDatabase(testServers, await testServers.database());
  database = {
    query: async (...statement) => {
      if (isAway) throw new Error('away');
      return await postgres.query(...statement);
    },
  };
});

function openRing(maxAgeMs = 60_000): KeyRing {
  const ring = createKeyRing({ database, now: () => time, maxAgeMs });
  testServers.onRelease(ring.stop);
  return ring;
}

async function makeKey(scopes: readonly KeyScope[], expires_at: string | null = null) {
  const created = await createKey(database, { name: 'a key', scopes, advertiser: null, expires_at }, 'admin');
  if (created === 'too many') throw new Error('too many keys');
  return { id: created.key.id, secret: created.secret };
}

describe('a ring of keys', () => {
  it('knows a key, and when it expires, after its first read', async () => {
    const { id, secret } = await makeKey(['read', 'events']);
    expect(secret).toMatch(KEY_SECRET);
    const ring = openRing();
    expect(ring.check(secret)).toEqual({ state: 'unverified' });
    await ring.refresh();
    expect(ring.check(secret)).toMatchObject({ state: 'live', key: { id, scopes: ['read', 'events'] } });
    const other = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
    for (const wrong of [other, `${secret}0`, secret.toUpperCase(), '']) {
      expect(ring.check(wrong)).toEqual({ state: 'unknown' });
    }
    await deleteKey(database, id, 'admin');
    await ring.refresh();
    expect(ring.check(secret)).toEqual({ state: 'deleted' });
  });

  it('reads once for all callers that wait for a read to begin', async () => {
    let reads = 0;
    const counting: Database = {
      query: async (...statement) => {
        reads += 1;
        return await database.query(...statement);
      },
    };
    const ring = createKeyRing({ database: counting, now: () => time, maxAgeMs: 60_000 });
    testServers.onRelease(ring.stop);
    await ring.refresh();
    const before = reads;
    await Promise.all([1, 2, 3, 4, 5].map(() => ring.refresh()));
    expect(reads).toBeLessThanOrEqual(before + 2);
  });

  it('notices a change by SQL', async () => {
    const { id, secret } = await makeKey(['read']);
    const ring = openRing();
    await ring.refresh();
    await database.query('test', 'DELETE FROM api_keys WHERE id = $1', [id]);
    await ring.refresh();
    expect(ring.check(secret)).toEqual({ state: 'unknown' });
  });

  it('ends a key at its time by the measured clock', async () => {
    const { secret } = await makeKey(['read'], '2126-11-27T12:00:00.000Z');
    const ring = openRing();
    await ring.refresh();
    const end = Date.parse('2126-11-27T12:00:00Z');
    const states = [end - 1, end, undefined].map((now) => {
      time = now;
      return ring.check(secret).state;
    });
    expect(states).toEqual(['live', 'expired', 'unverified']);
  });

  it('keeps known keys for a limited time without Postgres, and does not judge other keys', async () => {
    const { secret } = await makeKey(['read']);
    const [ring, strict] = [openRing(), openRing(0)];
    await Promise.all([ring.refresh(), strict.refresh()]);
    isAway = true;
    await ring.refresh();
    isAway = false;
    expect([ring.check(secret).state, ring.failure()]).toEqual(['live', new Error('away')]);
    expect(strict.check(secret).state).toBe('unverified');
  });
});

describe('a share', () => {
  const END = '2126-11-27T12:00:00.000Z';
  const share = async (keyId?: string, advertiser: string | null = null) => {
    const fields = { name: 'a share', ad_id: 'ad-001', campaign: null, advertiser, expires_at: END };
    return await createShare(database, fields, { name: keyId === undefined ? 'admin' : `x (${keyId})`, keyId });
  };
  const secretOf = (creation: Awaited<ReturnType<typeof share>>) =>
    creation.state === 'created' ? creation.secret : creation.state;
  /** Shares of a key, of which the last 24 hours have so many. The trigger would count them one by one. */
  const insertShares = async (count: number, advertiser: string, columns = '', values = '') => {
    await database.query('test', 'ALTER TABLE api_keys DISABLE TRIGGER api_keys_share_created');
    await database.query(
      'test',
      `INSERT INTO api_keys (id, hash, name, scopes, ad_id, advertiser, expires_at, created_by${columns})
       SELECT gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), 'x', '{share}', 'ad-001', $2, $3, $4${values}
       FROM generate_series(1, $1)`,
      [count, advertiser, END, `x (${maker})`],
    );
    await database.query('test', 'ALTER TABLE api_keys ENABLE TRIGGER api_keys_share_created');
  };
  let maker = '';
  beforeAll(async () => {
    time = Date.now();
    maker = (await makeKey(['manage'])).id;
    await database.query('test', "UPDATE ads SET advertiser = 'A' WHERE id = 'ad-001'");
  });

  it('ends with the key that made it, in every way that the key ends', async () => {
    const makers = [await makeKey(['manage']), await makeKey(['manage'], '2126-01-01T00:00:00.000Z')];
    const [, , gone] = [...makers, await makeKey(['manage'])];
    const [first, second, third, ofAdmin] = [
      await share(makers[0]?.id),
      await share(makers[1]?.id),
      await share(gone?.id),
      await share(),
    ];
    expect(second).toMatchObject({ share: { expires_at: '2126-01-01T00:00:00.000Z' } });
    const ring = openRing();
    const states = async () => {
      await ring.refresh();
      return [first, second, third, ofAdmin].map((one) => ring.check(secretOf(one)).state);
    };
    expect(await states()).toEqual(['live', 'live', 'live', 'live']);
    await deleteKey(database, makers[0]?.id ?? '', 'admin');
    await database.query('test', "UPDATE api_keys SET expires_at = now() - interval '1 hour' WHERE id = $1", [
      makers[1]?.id,
    ]);
    await database.query('test', 'DELETE FROM api_keys WHERE id = $1', [gone?.id]);
    expect(await states()).toEqual(['deleted', 'expired', 'unknown', 'live']);
    const filter = { limit: 9, after: undefined, advertiser: undefined, adId: 'ad-001', campaign: undefined };
    expect((await listShares(database, filter)).map(({ created_by }) => created_by)).toEqual(['admin']);
  });

  it('is one of 500 of its advertiser that keys have at a time, and create in 24 hours', async () => {
    await insertShares(MOST_SHARES_OF_ADVERTISER - 1, 'A');
    const last = await share(maker, 'A');
    if (last.state !== 'created') throw new Error(last.state);
    expect(await share(maker, 'A')).toEqual({ state: 'too_many', most: MOST_SHARES_OF_ADVERTISER, of: 'advertiser' });
    expect(await share(undefined, 'A')).toMatchObject({ state: 'created' });
    await deleteShare(database, last.share.id, 'admin', undefined);
    const refused = await share(maker, 'A');
    if (refused.state !== 'too_often') throw new Error(refused.state);
    expect(refused.seconds).toBeGreaterThan(86_000);
    expect(refused.seconds).toBeLessThanOrEqual(86_400);
    expect(await share(maker)).toMatchObject({ state: 'created' });
    await insertShares(MOST_SHARES, 'B', ', deleted_at', ', now()');
    expect(await share(maker)).toMatchObject({ state: 'too_often' });
  });

  it('is deleted a day after its end, a key 90 days after, and what was noted is kept for 90 days', async () => {
    await database.query('test', 'TRUNCATE api_keys, api_key_changes');
    const [key, kept] = [await makeKey(['manage']), await makeKey(['manage'])];
    await share(kept.id);
    const ended = await share(key.id);
    const old = (table: string, columns: string) =>
      database.query('test', `UPDATE ${table} SET ${columns} WHERE created_by LIKE '%${key.id}%' OR id = '${key.id}'`);
    await deleteKey(database, key.id, 'admin');
    await old('api_keys', "deleted_at = now() - interval '23 hours'");
    expect(await pruneApiKeys(database)).toBe(0);
    await old('api_keys', "deleted_at = now() - interval '25 hours'");
    expect([ended.state, await pruneApiKeys(database)]).toEqual(['created', 1]);
    await old('api_keys', "deleted_at = now() - interval '91 days'");
    await database.query('test', "UPDATE api_key_changes SET changed_at = now() - interval '91 days'");
    // The key, and the creations of both shares. Those of keys stay.
    expect([await pruneApiKeys(database), await pruneApiKeys(database)]).toEqual([3, 0]);
    const left = await rows(
      database,
      'SELECT (SELECT count(*) FROM api_keys) AS keys, count(*) AS noted FROM api_key_changes',
    );
    expect(left).toEqual([{ keys: 2, noted: 3 }]);
  });
});

it('the creation and the deletion of a key are noted, without its hash', async () => {
  const { id } = await makeKey(['manage']);
  for (const _twice of [1, 2]) await deleteKey(database, id, 'another');
  const noted = await rows(
    database,
    `SELECT changed_by, action, key FROM api_key_changes WHERE key_id = '${id}' ORDER BY id`,
  );
  const key = { id, name: 'a key', scopes: ['manage'], advertiser: null, expires_at: null, created_by: 'admin' };
  expect(noted).toEqual([
    { changed_by: 'admin', action: 'created', key: { ...key, created_at: expect.any(String) } },
    { changed_by: 'another', action: 'deleted', key: { ...key, created_at: expect.any(String) } },
  ]);
});

it('at most 10,000 keys work at a time, and all of them fit into a ring', async () => {
  await database.query('test', 'DELETE FROM api_keys');
  await database.query(
    'test',
    `INSERT INTO api_keys (id, hash, name, scopes, created_by)
     SELECT gen_random_uuid(), sha256(n::text::bytea), 'x', '{read}', 'test' FROM generate_series(1, $1) n`,
    [MOST_KEYS - 1],
  );
  const last = await makeKey(['read']);
  const fields = { name: 'x', scopes: ['read'], advertiser: null, expires_at: null } as const;
  expect(await createKey(database, fields, 'admin')).toBe('too many');
  const ring = openRing();
  await ring.refresh();
  expect([ring.size(), ring.check(last.secret).state]).toEqual([MOST_KEYS, 'live']);
  await deleteKey(database, last.id, 'admin');
  expect(await createKey(database, fields, 'admin')).not.toBe('too many');
});
