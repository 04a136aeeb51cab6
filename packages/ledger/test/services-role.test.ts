import { readFile } from 'node:fs/promises';
import { openTestServers, type Variables } from '@ads/local';
import { type AdFields, decisionRules, LEAST_MINUTES_KEPT, perKind, uuidv7 } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  buildDays,
  createAds,
  createKey,
  createRulesRegister,
  createShare,
  DAYS_AHEAD,
  type Database,
  deleteKey,
  editAd,
  ensurePartitions,
  eraseAddress,
  healDoubts,
  listKeys,
  lookUpAds,
  noteRecorded,
  pruneApiKeys,
  pruneMinutes,
  pruneReusedSessions,
  pruneSeconds,
  raiseDoubt,
  readAdChanges,
  readAdIds,
  readAdsPage,
  readChangedAdIds,
  readDoubts,
  readIdentity,
  readPartitionDays,
  readRules,
  recount,
  removeOldEvents,
  renewIdentity,
  renewViewerSalts,
  settleDoubt,
  wantDays,
} from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { readSchema, SCHEMA } from '../src/schema.js';
import { click, hasDoubt, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const grants = new URL('../../../infra/postgres/grant-services.sql', import.meta.url);
const FIELDS: AdFields = {
  ...{ title: null, advertiser: null, campaign: null, image_url: '', target_url: 'https://example.com/' },
  ...{ click_mode: 'tracking', duration_seconds: 20, skip_offset: '25%', vast_url: 'https://example.com/vast' },
  media: [{ url: 'https://example.com/a.mp4', type: 'video/mp4', width: 1, height: 1, delivery: 'progressive' }],
  companion: { image_url: 'https://example.com/a.png', width: 1, height: 1, target_url: null, alt_text: null },
  ...{ status: 'active', starts_at: null, ends_at: null },
};
const NEW_AD = { id: 'ad-of-services', ...FIELDS };

const testServers = openTestServers();
afterAll(testServers.release);

describe('the role of the services', () => {
  let owner: Database;
  let services: Database;
  let variables: Variables;
  beforeAll(async () => {
    variables = await testServers.database();
    owner = openDatabase(testServers, variables);
    await owner.query('test', "CREATE ROLE services LOGIN PASSWORD 'services'");
    testServers.onRelease(async () => {
      await owner.query('test', 'DROP OWNED BY services');
      await owner.query('test', 'DROP ROLE services');
    });
    // The owner of the test databases is the role `ads`.
    const grant = (await readFile(grants, 'utf8')).replaceAll(' TO ads;', ' TO services;');
    await owner.query('test', grant);
    await owner.query('test', grant);
    services = openDatabase(testServers, { ...variables, POSTGRES_USER: 'services', POSTGRES_PASSWORD: 'services' });
  });

  it('sees that all migrations of this version have run', async () => {
    expect(await readSchema(services)).toBe(SCHEMA);
    await owner.query('test', 'REVOKE SELECT ON migrations FROM services');
    expect(await readSchema(services)).toBe(0);
    await owner.query('test', 'GRANT SELECT ON migrations TO services');
  });

  it('may record, read, store doubts, and maintain the tables', async () => {
    const now = Date.now();
    const batch = [click(now), click(now, { kind: 'impression' }), click(now, { id: uuidv7(now + 1) })];
    expect((await recordBatch(services, batch)).added).toEqual({ ...perKind(() => 0), click: 2, impression: 1 });
    expect((await recordBatch(services, batch, { doubt: 'writer' })).added).toEqual(perKind(() => 0));
    await raiseDoubt(services, 'other');
    await healDoubts(services, await readDoubts(services));
    await raiseDoubt(services, 'writer');
    await settleDoubt(services, 'writer');
    expect(await hasDoubt(services)).toBe(false);
    const identity = (await readIdentity(services)) ?? '';
    expect(await renewIdentity(services, identity)).toBe(true);
    expect(await renewIdentity(services, identity)).toBe(false);
    const connection = {
      host: variables.POSTGRES_HOST,
      port: Number(variables.POSTGRES_PORT),
      user: 'services',
      password: 'services',
      database: variables.POSTGRES_DB,
    };
    expect(await recount(connection, LEAST_MINUTES_KEPT)).toMatchObject({ events: 3, totals: 0 });
    const rules = decisionRules('gate', {});
    const logger = { warn: (text: string) => expect(text).toBe('') };
    const register = () => createRulesRegister({ database: services, inForce: () => [rules], logger, now: () => 0 })();
    await register();
    await register();
    expect(await readRules(services, { from: 0, to: now + 60_000 }, 9)).toMatchObject([{ hash: rules.hash }]);
    await wantDays(services, [0, 5]);
    await recordBatch(services, [click(now, { occurredAt: now - 5 * 86_400_000 })]);
    const client = new pg.Client(connection);
    await client.connect();
    while ((await buildDays(client, now)) !== 'done');
    await client.end();
    expect(await rows(services, 'SELECT clicks FROM counts_per_day')).toEqual([{ clicks: 1 }, { clicks: 1 }]);
    expect(await eraseAddress(connection, '203.0.113.9')).toBe(4);
    expect(await readAdIds(services, '', 10)).toMatchObject({ count: 3 });
    expect(await readChangedAdIds(services, 0, 10)).toMatchObject({ count: 3 });
    expect(await lookUpAds(services, ['ad-001', 'no'])).toEqual(['ad-001']);
    expect((await readAdsPage(services, { limit: 10, after: undefined })).count).toBe(3);
    const [ad] = (await createAds(services, [NEW_AD], 'admin')) ?? [];
    expect(ad).toMatchObject(NEW_AD);
    const edit = { action: 'changed', by: 'admin', apply: () => ({ ...FIELDS, title: 'new' }) } as const;
    expect(await editAd(services, NEW_AD.id, edit)).toMatchObject({ title: 'new' });
    expect(await readAdChanges(services, NEW_AD.id, 10)).toMatchObject([{ old: { title: null } }, { old: null }]);
    const fields = { name: 'x', scopes: ['read'], advertiser: null, expires_at: null } as const;
    const created = await createKey(services, fields, 'admin');
    const id = created === 'too many' ? '' : created.key.id;
    expect(await listKeys(services, 10)).toMatchObject([{ id }]);
    const share = { name: 'x', ad_id: 'ad-001', campaign: null, advertiser: null, expires_at: '2126-01-01' };
    expect(await createShare(services, share, { name: `x (${id})`, keyId: id })).toMatchObject({ state: 'created' });
    expect(await deleteKey(services, id, 'admin')).toMatchObject({ id });
    await owner.query(
      'test',
      `DROP TABLE ad_events_${new Date(now + 86_400_000).toISOString().slice(0, 10).replace(/-/g, '')}`,
    );
    const onFailure = (_day: number, error: unknown) => {
      throw error;
    };
    expect(await ensurePartitions(services, { onFailure })).toBe(1);
    expect(await readPartitionDays(services)).toBe(DAYS_AHEAD);
    await noteRecorded(services, now + 40 * 86_400_000);
    expect(await removeOldEvents(services, 30)).toEqual({ dropped: true, deleted: 0 });
    await owner.query('test', "INSERT INTO counts_per_second VALUES ('ad-001', 1, 1)");
    await owner.query('test', "INSERT INTO counts_per_minute VALUES ('ad-001', 1, 1)");
    await owner.query('test', 'UPDATE viewer_salts SET day = day - 3');
    expect(await renewViewerSalts(services)).toBe(3);
    expect(await pruneSeconds(services)).toBe(1);
    expect(await pruneMinutes(services, LEAST_MINUTES_KEPT)).toBe(1);
    expect(await pruneReusedSessions(services)).toBe(0);
    expect(await pruneApiKeys(services)).toBe(0);
  });

  it.each([
    'DELETE FROM ad_events',
    'UPDATE ad_events SET ad_id = ad_id',
    'DELETE FROM ads',
    "UPDATE ads SET id = 'mine'",
    'DELETE FROM ad_changes',
    "UPDATE ad_changes SET changed_by = 'nobody'",
    'DELETE FROM api_keys',
    "UPDATE api_keys SET scopes = '{manage}'",
    'DELETE FROM api_key_changes',
    'UPDATE ledger_identity SET ledger_id = gen_random_uuid()',
    'UPDATE ad_totals SET clicks = 0; DELETE FROM ad_totals',
    'UPDATE event_retention SET removed_until = NULL',
    'TRUNCATE counts_per_second',
    'DROP TABLE ads',
    'CREATE TABLE mine ()',
    'CREATE TEMPORARY TABLE mine ()',
    'DELETE FROM migrations',
  ])('may not %s', async (statement) => {
    await expect(rows(services, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  it('cannot shadow a table that a SECURITY DEFINER function uses', async () => {
    const found = await rows(services, 'SELECT proname, proconfig FROM pg_proc WHERE prosecdef ORDER BY 1');
    const names = [
      'delete_old_events',
      'drop_old_partition',
      'ensure_event_partitions',
      'erase_address',
      'keep_late_event',
      'prune_api_keys',
      'renew_ledger_identity',
      'renew_ledger_identity_on_delete',
    ];
    const proconfig = expect.arrayContaining(['search_path=public, pg_temp']);
    expect(found).toEqual(names.map((proname) => ({ proname, proconfig })));
  });
});
