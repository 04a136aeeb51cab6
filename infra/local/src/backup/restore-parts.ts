import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import type { Variables } from '../database.js';
import { postgresAccount } from '../servers/postgres-account.js';
import { copyFile, forEachOf, syncAll } from './backup-files.js';
import { type Manifest, PARTS } from './manifest.js';
import { withAdministrator } from './postgres-files.js';
import { restoreStream, streamFile } from './streams.js';
import { countRows } from './take-backup.js';

/**
 * Copies the files of Postgres and its password to an empty folder of a Postgres that does not run. Its next start replays the
 * WAL of the backup.
 *
 * @throws Error if a copied file differs from the manifest
 */
export async function restorePostgresFiles(backup: string, manifest: Manifest, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { ids } = postgresAccount([folder]);
  const own = (path: string, mode: number) => {
    chmodSync(path, mode);
    if (ids !== undefined) chownSync(path, ids.uid, ids.gid);
  };
  const targetOf = (path: string) => join(folder, `data${path.slice(PARTS.postgres.length)}`);
  const isPart = (path: string) => path === PARTS.postgres || path.startsWith(`${PARTS.postgres}/`);
  const folders = manifest.folders.filter(isPart).map(targetOf);
  for (const path of folders) {
    mkdirSync(path, { mode: 0o700 });
    own(path, 0o700);
  }
  const copies = Object.keys(manifest.files)
    .filter(isPart)
    .map((path): readonly [string, string] => [path, targetOf(path)]);
  copies.push([PARTS.password, join(folder, 'password')]);
  await forEachOf(copies, async ([path, target]) => {
    const { sha256 } = await copyFile(join(backup, path), target);
    if (sha256 !== manifest.files[path]?.sha256) throw new Error(`${path} of the backup changed during the restore.`);
    own(target, 0o600);
  });
  await syncAll([...copies.map(([, target]) => target), ...folders, folder]);
}

/** Creates the streams of a backup. @throws Error when one exists, or NATS refuses it */
export async function restoreStreams(backup: string, manifest: Manifest, connection: NatsConnection): Promise<void> {
  for (const stream of manifest.streams) await restoreStream(connection, stream, join(backup, streamFile(stream.name)));
}

/** Counts what a restored Postgres has. @throws Error if it has less than the backup */
export async function checkRows(env: Variables, { rows }: Manifest): Promise<Manifest['rows']> {
  const restored = await withAdministrator(env, countRows);
  if (restored.events >= rows.events && restored.ads >= rows.ads) return restored;
  throw new Error(
    `The restored database has ${restored.events} events and ${restored.ads} ads instead of ${rows.events} and ${rows.ads}.`,
  );
}
