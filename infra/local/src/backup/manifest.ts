import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../project.js';
import { postgresMajor } from '../servers/postgres.js';
import { type FileEntry, forEachOf, readEntry, readTree } from './backup-files.js';

/** The layout of a backup. A change that this code could not restore gets the next number. */
const FORMAT = 1;

/** The parts of a backup. The manifest is the last file that is written. */
export const PARTS = {
  manifest: 'manifest.json',
  manifestSum: 'manifest.sha256',
  postgres: 'postgres',
  password: 'postgres-password',
  adminKey: 'admin-api-key',
  streams: 'streams',
} as const;

/** A stream in a backup: `streams/<name>.snapshot`. JetStream defines `config` and `state`, and needs both for the restore. */
export interface StreamBackup {
  readonly name: string;
  readonly config: object;
  readonly state: { readonly messages: number; readonly bytes: number; readonly last_seq: number };
}

/** The content of a backup. */
export interface Manifest {
  readonly format: number;
  /** Everything that was acknowledged before this time is in the backup. ISO 8601. */
  readonly complete_until: string;
  /** The version of the tracker. */
  readonly version: string;
  /** The number of the newest migration. */
  readonly schema: number;
  /** Its files can be read by this major version on this platform only. */
  readonly postgres: { readonly major: number; readonly platform: string };
  /** The least number of rows: more may have been committed while the backup ended. */
  readonly rows: { readonly events: number; readonly ads: number };
  readonly streams: readonly StreamBackup[];
  readonly folders: readonly string[];
  readonly files: Readonly<Record<string, FileEntry>>;
}

/** The parts of the manifest that the backup of the data does not know. */
export function manifestHead(): Pick<Manifest, 'format' | 'version'> {
  return { format: FORMAT, version: trackerVersion() };
}

export const PLATFORM = `${process.platform}-${process.arch}`;

function trackerVersion(): string {
  return JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).version;
}

/** The number of the newest migration of this checkout. */
export function newestSchema(): number {
  const names = readdirSync(join(projectRoot, 'packages', 'ledger', 'migrations'));
  return Math.max(...names.map((name) => Number.parseInt(name, 10)).filter(Number.isInteger));
}

/**
 * Reads the manifest, and compares each file of the backup with it.
 *
 * @throws Error that names the first problem, if the backup is incomplete, damaged, or cannot be restored by this version
 */
export async function verifyBackup(folder: string): Promise<Manifest> {
  const manifest = readManifest(folder);
  requireRestorable(manifest, await postgresMajor());
  const { folders, files } = readTree(folder);
  const own: readonly string[] = [PARTS.manifest, PARTS.manifestSum];
  const extra = [
    ...folders.filter((path) => !manifest.folders.includes(path)),
    ...files.filter((path) => !Object.hasOwn(manifest.files, path) && !own.includes(path)),
  ];
  if (extra.length > 0) throw damaged(folder, `${extra[0]} does not belong to it`);
  const present = new Set([...folders, ...files]);
  const missing = [...manifest.folders, ...Object.keys(manifest.files)].find((path) => !present.has(path));
  if (missing !== undefined) throw damaged(folder, `${missing} is missing`);
  await forEachOf(Object.entries(manifest.files), async ([path, { bytes, sha256 }]) => {
    const entry = await readEntry(join(folder, path));
    if (entry.bytes !== bytes) throw damaged(folder, `${path} has ${entry.bytes} instead of ${bytes} bytes`);
    if (entry.sha256 !== sha256) throw damaged(folder, `the checksum of ${path} differs`);
  });
  return manifest;
}

function readManifest(folder: string): Manifest {
  if (!existsSync(folder)) throw new Error(`${folder} does not exist.`);
  const [file, sumFile] = [join(folder, PARTS.manifest), join(folder, PARTS.manifestSum)];
  if (!existsSync(file) || !existsSync(sumFile)) {
    throw new Error(`${folder} is not a complete backup: it has no ${PARTS.manifest} with its checksum.`);
  }
  const text = readFileSync(file);
  if (checksumLine(text) !== readFileSync(sumFile, 'utf8'))
    throw damaged(folder, `the checksum of ${PARTS.manifest} differs`);
  return JSON.parse(text.toString('utf8')) as Manifest;
}

/** The line that `sha256sum --check` reads. */
export function checksumLine(manifest: Uint8Array): string {
  return `${createHash('sha256').update(manifest).digest('hex')}  ${PARTS.manifest}\n`;
}

function requireRestorable({ format, version, schema, postgres }: Manifest, major: number): void {
  const madeBy = `The backup was made by version ${version}`;
  if (format !== FORMAT) throw new Error(`${madeBy} in format ${format}; this version reads format ${FORMAT}.`);
  const newest = newestSchema();
  if (schema > newest) {
    throw new Error(
      `${madeBy} with schema ${schema}; this version knows schemas up to ${newest}. Restore it with version ${version} or newer.`,
    );
  }
  if (postgres.major !== major || postgres.platform !== PLATFORM) {
    throw new Error(
      `The backup has files of Postgres ${postgres.major} on ${postgres.platform}, which Postgres ${major} on ${PLATFORM} cannot read. ` +
        'Restore it where it was made, and move the data with pg_dump: see packages/ledger/BACKUP.md.',
    );
  }
}

function damaged(folder: string, problem: string): Error {
  return new Error(`The backup ${folder} is damaged: ${problem}. Nothing was restored.`);
}
