import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openTestServers, type Variables } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Database } from '../src/index.js';
import { recordBatch } from '../src/record.js';
import { click, rows } from './expected-counts.js';
import { openDatabase } from './servers.js';

const README = new URL('../README.md', import.meta.url);
const MIGRATION = new URL('../migrations/10_readers_and_erasure.sql', import.meta.url);

const testServers = openTestServers();
afterAll(testServers.release);

const AD = 'ad-001';
/** 23:30 UTC, which is the next day in Berlin. */
const EVENING = Date.UTC(2026, 10, 5, 23, 30);

let owner: Database;
let variables: Variables;
/** The SQL statements of the page, in its order. */
let documented: string[];

/** The name of a role for one test: roles belong to the server. */
const newRole = () => `test_${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  variables = await testServers.database();
  owner = openDatabase(testServers, variables);
  documented = [...(await readFile(README, 'utf8')).matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
});

/** Connects as a role, which is dropped with its rights at the end of the test file. */
async function connectAs(user: string, password: string): Promise<Database> {
  testServers.onRelease(async () => {
    await owner.query('test', `DROP OWNED BY ${user}`);
    await owner.query('test', `DROP ROLE ${user}`);
  });
  return openDatabase(testServers, { ...variables, POSTGRES_USER: user, POSTGRES_PASSWORD: password });
}

describe('a member of ads_reader', () => {
  let reader: Database;
  beforeAll(async () => {
    await owner.query('test', "UPDATE ads SET title = 'First', campaign = 'Autumn' WHERE id = 'ad-001'");
    await recordBatch(owner, [
      click(EVENING, { adId: AD, playTimeMs: 1_500 }),
      click(EVENING + 86_400_000, { adId: AD }),
      click(EVENING, { adId: AD, kind: 'impression' }),
      click(EVENING, { adId: AD, kind: 'impression' }),
    ]);
    const ana = newRole();
    const [, , createMember = ''] = documented;
    expect(createMember).toContain('ana');
    await owner.query('test', createMember.replaceAll('ana', ana));
    reader = await connectAs(ana, 'a long password');
  });

  it('reads the views, with the queries of the page', async () => {
    const [perDay = '', campaigns = ''] = documented;
    const days = await reader.query<{ day: Date; clicks: number }>('test', perDay);
    expect(days.map(({ day, clicks }) => [day.toDateString(), clicks])).toEqual([
      ['Fri Nov 06 2026', 1],
      ['Sat Nov 07 2026', 1],
    ]);
    expect(await rows(reader, campaigns)).toEqual([{ campaign: 'Autumn', clicks: 2, ctr: 1 }]);
    expect(await rows(reader, 'SELECT * FROM reports.quarter_hours ORDER BY bucket LIMIT 1')).toEqual([
      {
        ad_id: AD,
        title: 'First',
        advertiser: null,
        campaign: 'Autumn',
        quarter_hour: new Date(EVENING),
        bucket: EVENING / 900_000,
        clicks: 1,
        impressions: 2,
        starts: 0,
        first_quartiles: 0,
        midpoints: 0,
        third_quartiles: 0,
        completes: 0,
        skips: 0,
        viewables: 0,
        not_viewables: 0,
        errors: 0,
        others: 0,
        play_times: 1,
        play_time_ms: 1_500,
        invalid_clicks: 0,
        invalid_impressions: 0,
        invalid_others: 0,
      },
    ]);
    expect(await rows(reader, 'SELECT ad_id, title, clicks, impressions, ctr FROM reports.totals')).toEqual([
      { ad_id: AD, title: 'First', clicks: 2, impressions: 2, ctr: 1 },
    ]);
    expect(await rows(reader, 'SELECT count(*) FROM reports.ads')).toEqual([{ count: 3 }]);
    const events = await reader.query<{ kind: string }>('test', 'SELECT * FROM reports.events');
    expect(events.map(({ kind }) => kind).sort()).toEqual(['click', 'click', 'impression', 'impression']);
    expect(Object.keys(events[0] ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(ip|session_id|viewer)$/)]),
    );
  });

  it('has the columns that the page lists', async () => {
    const page = await readFile(README, 'utf8');
    const columns = await owner.query<{ view: string; names: string[] }>(
      'test',
      `SELECT table_name AS view, array_agg(column_name::text ORDER BY ordinal_position) AS names
       FROM information_schema.columns WHERE table_schema = 'reports' GROUP BY 1`,
    );
    expect(columns).toHaveLength(4);
    for (const { view, names } of columns) {
      const [, listed = ''] = new RegExp(`^\\| \`reports\\.${view}\` \\|[^|]*\\|([^|]*)\\|$`, 'm').exec(page) ?? [];
      expect([...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(names);
    }
  });

  it('may read no other relation, change nothing, and call no function that runs as its owner', async () => {
    const readable = await reader.query<{ name: string }>(
      'test',
      `SELECT oid::regclass::text AS name FROM pg_class
       WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm')
         AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') OR relname = 'ad_events' AND has_any_column_privilege(oid, 'SELECT')
       ORDER BY 1`,
    );
    expect(readable.map(({ name }) => name)).toEqual(
      ['ads', 'events', 'quarter_hours', 'totals'].map((name) => `reports.${name}`),
    );
    const callable = await rows(
      reader,
      "SELECT proname FROM pg_proc WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype",
    );
    expect(callable).toEqual([]);
    for (const statement of [
      'SELECT ip FROM ad_events',
      'DELETE FROM reports.ads',
      "UPDATE reports.ads SET title = ''",
      "SELECT erase_address('{1.2.3.4}', gen_random_uuid(), 1)",
      'SELECT current_ledger()',
      'CREATE TABLE reports.mine ()',
      'CREATE TABLE mine ()',
    ]) {
      await expect(rows(reader, statement)).rejects.toThrow(/permission denied/);
    }
  });
});

describe('the role', () => {
  /** The part of the migration about the role, for a role of this name, as a user. @returns the warnings */
  async function createAs(user: string, password: string | undefined, role: string): Promise<string[]> {
    const [, part = ''] = /^(DO \$\$.*?)^-- 2\./ms.exec(await readFile(MIGRATION, 'utf8')) ?? [];
    expect(part).toContain('CREATE ROLE ads_reader');
    const { POSTGRES_HOST: host, POSTGRES_DB: database } = variables;
    const client = new pg.Client({ host, port: Number(variables.POSTGRES_PORT), user, password, database });
    const warnings: string[] = [];
    client.on('notice', ({ severity, message = '', hint = '' }) => warnings.push(`${severity} ${message} ${hint}`));
    await client.connect();
    await client.query(part.replaceAll('ads_reader', role));
    await client.end();
    return warnings;
  }

  it('has limits of its own, and reads the views of later migrations', async () => {
    const role = newRole();
    await createAs(variables.POSTGRES_USER ?? '', variables.POSTGRES_PASSWORD, role);
    await owner.query('test', `ALTER ROLE ${role} LOGIN PASSWORD 'p'`);
    const reader = await connectAs(role, 'p');
    expect(await rows(reader, 'SHOW statement_timeout')).toEqual([{ statement_timeout: '1min' }]);
    await owner.query('test', 'CREATE VIEW reports.later AS SELECT 1 AS one');
    expect(await rows(reader, 'SELECT * FROM reports.later')).toEqual([{ one: 1 }]);
    await owner.query('test', 'DROP VIEW reports.later');
    await expect(rows(reader, 'CREATE TEMPORARY TABLE mine ()')).rejects.toThrow('read-only transaction');
  });

  it('is created by hand where the migration may not, which says so', async () => {
    const migrator = newRole();
    await owner.query('test', `CREATE ROLE ${migrator} LOGIN PASSWORD 'p'`);
    await connectAs(migrator, 'p');
    const role = newRole();
    const warnings = await createAs(migrator, 'p', role);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^WARNING .*${role} was not created.*README.md`))]);
    const create = documented.at(-1) ?? '';
    expect(create).toContain('CREATE ROLE ads_reader');
    await owner.query('test', create.replaceAll('ads_reader', role));
    await owner.query('test', `ALTER ROLE ${role} LOGIN PASSWORD 'p'`);
    expect(await rows(await connectAs(role, 'p'), 'SELECT count(*) FROM reports.ads')).toEqual([{ count: 3 }]);
  });
});
