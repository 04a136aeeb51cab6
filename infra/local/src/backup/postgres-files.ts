import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Variables, withClient } from '../database.js';
import { forEachOf, readTree } from './backup-files.js';
import type { BackupWriter } from './backup-writer.js';
import { PARTS } from './manifest.js';

/*
 * A base backup by the low-level API of Postgres ("Making a Base Backup Using the Low Level API" in its manual), because npm
 * installs neither pg_basebackup nor pg_dump. The files are copied while Postgres writes them; the WAL from pg_backup_start to
 * pg_backup_stop, which the backup includes, makes them consistent. The restored state is that of pg_backup_stop.
 */

/** Folders whose content Postgres makes again at its start, as in pg_basebackup. */
const WITHOUT_CONTENT =
  /^(pg_dynshmem|pg_notify|pg_replslot|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans|pg_wal|base\/pgsql_tmp)\//;
/** Files that belong to the running server, as in pg_basebackup. */
const LEFT_OUT =
  /(^|\/)(postmaster\.(pid|opts)|pgsql_tmp[^/]*|pg_internal\.init[^/]*|backup_label(\.old)?|tablespace_map(\.old)?|current_logfiles(\.tmp)?|postgresql\.auto\.conf\.tmp)$/;
const CONTROL = 'global/pg_control';
const WAL_FILE = /^[0-9A-F]{24}$/;

/** A Postgres as the backup found it. */
export interface PostgresState {
  readonly major: number;
  readonly dataFolder: string;
  readonly schema: number;
  /** Bytes of its files. */
  readonly bytes: number;
}

/** Reads the state of a running Postgres. @throws Error if a part of its data is outside of its folder */
export async function readPostgresState(client: pg.Client): Promise<PostgresState> {
  const { rows } = await client.query<Omit<PostgresState, 'bytes'>>(
    `SELECT current_setting('server_version_num')::integer / 10000 AS major, current_setting('data_directory') AS "dataFolder",
       (SELECT max(substring(name FROM '^[0-9]+')::integer) FROM migrations) AS schema`,
  );
  const { rowCount } = await client.query("SELECT FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')");
  if (rowCount !== 0) throw new Error('Postgres has tablespaces outside of its data folder, which are not backed up.');
  const [state] = rows;
  if (state === undefined) throw new Error('Postgres returned nothing about itself.');
  const files = readTree(state.dataFolder).files;
  const bytes = files.reduce((sum, path) => sum + (statSync(join(state.dataFolder, path), QUIET)?.size ?? 0), 0);
  return { ...state, bytes };
}

const QUIET = { throwIfNoEntry: false } as const;

/** Connects as an administrator, without the timeouts that the role may have for the services. */
export function withAdministrator<T>(env: Variables, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return withClient(env, async (client) => {
    await client.query('SET statement_timeout = 0; SET idle_session_timeout = 0');
    return await work(client);
  });
}

/**
 * Copies the files of a running Postgres. If the connection ends, Postgres ends the backup and drops the slot.
 *
 * @param beforeStop runs after the files were copied. The backup contains all that was committed before `beforeStop` ends
 */
export async function copyPostgres(
  client: pg.Client,
  { dataFolder }: PostgresState,
  writer: BackupWriter,
  beforeStop: () => Promise<void>,
): Promise<void> {
  // The slot keeps the WAL until it is copied.
  await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [
    `backup_${randomBytes(6).toString('hex')}`,
  ]);
  await client.query("SELECT pg_backup_start('backup', true)");
  const tree = readTree(dataFolder);
  writer.addFolder(PARTS.postgres);
  for (const path of tree.folders) if (!WITHOUT_CONTENT.test(path)) writer.addFolder(`${PARTS.postgres}/${path}`);
  for (const path of WAL_FOLDERS) writer.addFolder(`${PARTS.postgres}/${path}`);
  const files = tree.files.filter((path) => !WITHOUT_CONTENT.test(path) && !LEFT_OUT.test(path) && path !== CONTROL);
  await forEachOf(files, async (path) => {
    try {
      await writer.copy(`${PARTS.postgres}/${path}`, join(dataFolder, path));
    } catch (error) {
      // A file that was deleted since pg_backup_start is also deleted by the WAL.
      if (!isMissing(error, join(dataFolder, path))) throw error;
    }
  });
  await writer.write(`${PARTS.postgres}/${CONTROL}`, await readWhole(join(dataFolder, CONTROL)));
  await beforeStop();
  const { rows } = await client.query<{ label: string; last: string }>(
    'SELECT labelfile AS label, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)',
  );
  const [{ label, last } = { label: '', last: '' }] = rows;
  const first = /^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)$/m.exec(label)?.[1];
  if (first === undefined) throw new Error(`Postgres returned an unknown backup label: ${label}`);
  await writer.write(`${PARTS.postgres}/backup_label`, label);
  const wal = readTree(join(dataFolder, 'pg_wal')).files.filter(
    (name) => WAL_FILE.test(name) && name >= first && name <= last,
  );
  for (const name of wal) await writer.copy(`${PARTS.postgres}/pg_wal/${name}`, join(dataFolder, 'pg_wal', name));
}

/** Postgres does not start without these. */
const WAL_FOLDERS = ['pg_wal/archive_status', 'pg_wal/summaries'];

/** Reads a file that Postgres overwrites in place: two equal reads show that no write was in between. */
async function readWhole(file: string): Promise<Buffer> {
  for (let before = readFileSync(file); ; ) {
    await sleep(5);
    const now = readFileSync(file);
    if (now.equals(before)) return now;
    before = now;
  }
}

function isMissing(error: unknown, file: string): boolean {
  const { code, path } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && path === file;
}
