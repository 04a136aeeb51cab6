import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'nats';
import { natsServer } from '../servers/nats.js';
import { postgresServer } from '../servers/postgres.js';
import { requireSpace, syncAll, writeNewFile } from './backup-files.js';
import { type Manifest, PARTS, verifyBackup } from './manifest.js';
import { checkRows, restorePostgresFiles, restoreStreams } from './restore-parts.js';

/** Where a backup is restored to. */
export interface RestoreOptions {
  readonly backup: string;
  /** The folder with the folders `postgres` and `nats`. No process may use it. */
  readonly dataFolder: string;
  readonly adminKeyFile: string;
  /** Settings of JetStream. */
  readonly jetstream: Readonly<Record<string, string>>;
  /** Runs a part of the restore, and shows its label. */
  readonly step: <T>(label: string, work: () => Promise<T>) => Promise<T>;
}

/** The result of a restore. */
export interface Restored {
  readonly manifest: Manifest;
  readonly rows: Manifest['rows'];
  /** The folder with the data that were there before; undefined if there were none. */
  readonly replaced: string | undefined;
}

const draftOf = (dataFolder: string) => `${dataFolder}.restoring`;
const completeOf = (dataFolder: string) => `${dataFolder}.restored`;

/**
 * Restores a backup beside the present data, starts Postgres and NATS on it to check it, and then exchanges the folders. The
 * replaced data stay in a folder of their own.
 *
 * @throws Error with the reason; then the present data are unchanged
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { backup, dataFolder, adminKeyFile, step } = options;
  const manifest = await step('check the backup', () => verifyBackup(backup));
  const draft = draftOf(dataFolder);
  rmSync(draft, { recursive: true, force: true });
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  requireSpace(dirname(draft), bytes);
  mkdirSync(draft);
  try {
    const rows = await step('restore Postgres', () => restorePostgres(options, manifest, draft));
    if (manifest.streams.length > 0) await step('restore the streams', () => restoreNats(options, manifest, draft));
    const exchangeKey =
      manifest.files[PARTS.adminKey] === undefined ? undefined : await restoreKey(backup, adminKeyFile);
    const replaced = await exchange(dataFolder);
    exchangeKey?.(replaced ?? dataFolder);
    return { manifest, rows, replaced };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

async function restorePostgres(
  { backup }: RestoreOptions,
  manifest: Manifest,
  draft: string,
): Promise<Manifest['rows']> {
  const folder = join(draft, 'postgres');
  await restorePostgresFiles(backup, manifest, folder);
  const server = await postgresServer({ folder });
  try {
    await server.start();
    return await checkRows(server.env, manifest);
  } finally {
    await server.stop();
  }
}

async function restoreNats({ backup, jetstream }: RestoreOptions, manifest: Manifest, draft: string): Promise<void> {
  const server = await natsServer({ folder: join(draft, 'nats'), jetstream });
  try {
    await server.start();
    const connection = await connect({ servers: server.env.NATS_URL ?? '', name: 'restore' });
    try {
      await restoreStreams(backup, manifest, connection);
    } finally {
      await connection.close();
    }
  } finally {
    await server.stop();
  }
}

/** Exchanges the folders. After a kill in between, {@link finishRestore} completes it. @returns where the old data are */
async function exchange(dataFolder: string): Promise<string | undefined> {
  const parent = dirname(dataFolder);
  renameSync(draftOf(dataFolder), completeOf(dataFolder));
  await syncAll([parent]);
  const replaced = `${dataFolder}-replaced-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const hadData = existsSync(dataFolder);
  if (hadData) renameSync(dataFolder, replaced);
  finishRestore(dataFolder);
  await syncAll([parent]);
  return hadData ? replaced : undefined;
}

/** Completes a restore that was killed while it exchanged the folders, and deletes the rest of one that was killed before. */
export function finishRestore(dataFolder: string): void {
  const complete = completeOf(dataFolder);
  if (existsSync(complete) && !existsSync(dataFolder)) renameSync(complete, dataFolder);
  for (const left of [complete, draftOf(dataFolder)]) rmSync(left, { recursive: true, force: true });
}

/**
 * Writes the administrator's key beside the present one.
 *
 * @returns replaces the present key, and keeps a different one in the given folder
 */
async function restoreKey(backup: string, file: string): Promise<(folder: string) => void> {
  const key = readFileSync(join(backup, PARTS.adminKey));
  const draft = `${file}.restored`;
  rmSync(draft, { force: true });
  await writeNewFile(draft, key);
  return (folder) => {
    if (existsSync(file) && !readFileSync(file).equals(key)) {
      cpSync(file, join(folder, PARTS.adminKey));
      chmodSync(join(folder, PARTS.adminKey), 0o600);
    }
    renameSync(draft, file);
  };
}
