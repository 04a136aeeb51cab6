import { openTestServers } from '@ads/local';
import { KEY_SECRET, type KeyScope } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKey, createKeyRing, type Database, deleteKey, type KeyRing, MOST_KEYS } from '../src/index.js';
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
