import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type LocalProcess, natsServer, openTestServers, projectRoot, waitFor } from '@ads/local';
import { DEAD_LETTER_STREAM, DEAD_LETTER_SUBJECT, EVENT_STREAM, EVENT_SUBJECT, streamSettings } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type NatsConnection, type StreamConfig } from 'nats';
import { copyFile, requireSpace } from '../src/backup/backup-files.js';
import { BackupWriter } from '../src/backup/backup-writer.js';
import { checksumLine, type Manifest, manifestHead, PLATFORM, verifyBackup } from '../src/backup/manifest.js';
import { finishRestore, restoreBackup } from '../src/backup/restore-backup.js';
import { copyStreams } from '../src/backup/streams.js';
import { takeBackup } from '../src/backup/take-backup.js';
import { withClient } from '../src/database.js';

/*
 * A backup is complete or does not exist, and a restore changes nothing before the backup is known to be good. What is counted
 * after a restore is checked by infra/e2e/test/restored-database.test.ts and by the fault `backup-restored` of chaos.
 */

const testServers = openTestServers();
const backup = join(testServers.folder, 'backup');
const adminKeyFile = join(testServers.folder, 'admin-api-key');
let postgres: LocalProcess;
let nats: NatsConnection;
let queue: LocalProcess;
let options: Parameters<typeof takeBackup>[0];

beforeAll(async () => {
  [postgres, queue] = await Promise.all([testServers.postgres(), testServers.nats()]);
  nats = await connect({ servers: queue.env.NATS_URL ?? '' });
  testServers.onRelease(() => nats.close());
  const manager = await nats.jetstreamManager();
  for (const settings of streamSettings({ replicas: 1, maxBytes: 1_000_000, deadLettersMaxBytes: 1_000_000 })) {
    await manager.streams.add(settings as Partial<StreamConfig>);
  }
  for (const text of ['one', 'two', 'three']) await nats.jetstream().publish(EVENT_SUBJECT, text);
  await nats.jetstream().publish(DEAD_LETTER_SUBJECT, 'dead');
  // A gap, as of a recorded message.
  await manager.streams.deleteMessage(EVENT_STREAM, 2);
  writeFileSync(adminKeyFile, 'the key\n');
  options = { folder: backup, postgres: postgres.env, nats: queue.env, adminKeyFile };
}, 60_000);

afterAll(() => testServers.release(), 60_000);

function draftsOf(folder: string): string[] {
  return readdirSync(dirname(folder)).filter((name) => name.startsWith(`${basename(folder)}.partial-`));
}

test('a killed backup leaves no backup, and keeps nothing in Postgres; the next one is complete and private', async () => {
  const module = join(projectRoot, 'infra/local/dist/backup/take-backup.js');
  const script = `import(${JSON.stringify(module)}).then((it) => it.takeBackup(JSON.parse(process.argv[1])))`;
  const child = spawn(process.execPath, ['-e', script, JSON.stringify(options)], { stdio: 'ignore' });
  const draft = await waitFor(
    () => draftsOf(backup).find((name) => existsSync(join(dirname(backup), name, 'postgres/base'))),
    {
      timeoutMs: 20_000,
      intervalMs: 1,
      what: 'a backup to begin',
    },
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(backup)).toBe(false);
  await expect(verifyBackup(join(dirname(backup), draft))).rejects.toThrow('is not a complete backup');
  const { rows } = await waitFor(
    () =>
      withClient(postgres.env, async (client) => {
        const found = await client.query('SELECT FROM pg_replication_slots');
        return found.rows.length === 0 && found;
      }),
    { timeoutMs: 10_000, what: 'Postgres to drop the slot' },
  );
  expect(rows).toEqual([]);
  const manifest = await takeBackup(options);
  expect(manifest).toMatchObject({
    rows: { events: 0, ads: 3 },
    streams: [{ name: EVENT_STREAM }, { name: DEAD_LETTER_STREAM }],
  });
  expect(draftsOf(backup)).toEqual([]);
  const modes = new Set(
    [backup, join(backup, 'manifest.json'), join(backup, 'streams')].map((path) => statSync(path).mode & 0o777),
  );
  expect(modes).toEqual(new Set([0o700, 0o600]));
  await expect(takeBackup(options)).rejects.toThrow('exists. A backup needs a new folder.');
}, 60_000);

/** Makes a small backup, changes it, and verifies it. */
async function problemOf(change: (folder: string) => void): Promise<string> {
  const folder = join(testServers.folder, 'small');
  rmSync(folder, { recursive: true, force: true });
  const writer = new BackupWriter(folder);
  writer.addFolder('postgres');
  await writer.write(FILE, '18');
  await writer.finish({
    ...manifestHead(),
    ...{ complete_until: new Date().toISOString(), schema: 1, streams: [], rows: { events: 0, ads: 0 } },
    postgres: { major: 18, platform: PLATFORM },
  });
  change(folder);
  return await verifyBackup(folder).then(
    () => 'none',
    (error: Error) => error.message.replace(folder, 'B'),
  );
}

const FILE = 'postgres/PG_VERSION';

function rewrite(folder: string, changes: Partial<Manifest>): void {
  const file = join(folder, 'manifest.json');
  const text = JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes });
  writeFileSync(file, text);
  writeFileSync(join(folder, 'manifest.sha256'), checksumLine(Buffer.from(text)));
}

test('a damaged backup, and one that this version cannot read, is refused with the reason', async () => {
  expect(await problemOf((folder) => appendFileSync(join(folder, 'manifest.json'), ' '))).toBe(
    'The backup B is damaged: the checksum of manifest.json differs. Nothing was restored.',
  );
  expect(await problemOf((folder) => rmSync(join(folder, FILE)))).toContain(`${FILE} is missing`);
  expect(await problemOf((folder) => writeFileSync(join(folder, 'postgres/new'), ''))).toContain(
    'postgres/new does not belong to it',
  );
  expect(await problemOf((folder) => writeFileSync(join(folder, FILE), '19'))).toContain(
    `the checksum of ${FILE} differs`,
  );
  expect(await problemOf((folder) => rewrite(folder, { schema: 999, version: '9.9.9' }))).toMatch(
    /^The backup was made by version 9\.9\.9 with schema 999; this version knows schemas up to \d+\. Restore it with version 9\.9\.9 or newer\.$/,
  );
  expect(await problemOf((folder) => rewrite(folder, { format: 2 }))).toContain(
    'in format 2; this version reads format 1',
  );
  expect(await problemOf((folder) => rewrite(folder, { postgres: { major: 17, platform: PLATFORM } }))).toContain(
    `The backup has files of Postgres 17 on ${PLATFORM}, which Postgres 18 on`,
  );
  expect(await problemOf(() => undefined)).toBe('none');
}, 60_000);

test('a restore has all messages with their numbers, and keeps the replaced data and key', async () => {
  const dataFolder = join(testServers.folder, 'data');
  mkdirSync(dataFolder);
  writeFileSync(join(dataFolder, 'before'), '');
  writeFileSync(adminKeyFile, 'another key\n');
  const jetstream = {};
  const restored = await restoreBackup({ backup, dataFolder, adminKeyFile, jetstream, step: (_label, work) => work() });
  expect(restored.rows).toEqual({ events: 0, ads: 3 });
  expect(readFileSync(adminKeyFile, 'utf8')).toBe('the key\n');
  expect(readdirSync(restored.replaced ?? '').sort()).toEqual(['admin-api-key', 'before']);
  const server = await natsServer({ folder: join(dataFolder, 'nats') });
  testServers.onRelease(() => server.kill());
  await server.start();
  const connection = await connect({ servers: server.env.NATS_URL ?? '' });
  const { streams } = await connection.jetstreamManager();
  const texts = await Promise.all([1, 3].map(async (seq) => (await streams.getMessage(EVENT_STREAM, { seq })).data));
  expect(texts.map((data) => Buffer.from(data).toString())).toEqual(['one', 'three']);
  expect((await streams.info(EVENT_STREAM)).state).toMatchObject({ messages: 2, last_seq: 3 });
  expect((await streams.info(DEAD_LETTER_STREAM)).state.messages).toBe(1);
  await connection.close();
}, 60_000);

test('a start completes a restore that was killed while it exchanged the folders, and drops one that was killed before', () => {
  const data = join(testServers.folder, 'exchanged');
  mkdirSync(`${data}.restoring`);
  mkdirSync(`${data}.restored`);
  finishRestore(data);
  expect([data, `${data}.restored`, `${data}.restoring`].map((path) => existsSync(path))).toEqual([true, false, false]);
  renameSync(data, `${data}.restored`);
  mkdirSync(join(data, 'present'), { recursive: true });
  finishRestore(data);
  expect(existsSync(join(data, 'present'))).toBe(true);
  expect(existsSync(`${data}.restored`)).toBe(false);
});

test('snapshots are repeated if a dead letter is deleted between them, as it may be in none', async () => {
  const { streams } = await nats.jetstreamManager();
  const copied: string[] = [];
  await copyStreams(nats, {
    addFolder: () => undefined,
    async writeChunks(path, chunks) {
      for await (const _ of chunks);
      if (copied.length === 0) await streams.deleteMessage(DEAD_LETTER_STREAM, 1);
      copied.push(path);
    },
  });
  const all = [EVENT_STREAM, DEAD_LETTER_STREAM].map((name) => `streams/${name}.snapshot`);
  expect(copied).toEqual([...all, ...all]);
});

test('a file that disappears while it is copied is not in the backup', async () => {
  const folder = join(testServers.folder, 'shrinking');
  mkdirSync(folder);
  await expect(copyFile(join(folder, 'gone'), join(folder, 'copy'))).rejects.toThrow('ENOENT');
  expect(readdirSync(folder)).toEqual([]);
});

test('a volume without room is refused before anything is written', () => {
  expect(() => requireSpace(testServers.folder, 2 ** 53)).toThrow(
    /has too little space: [\d,]+ MB are needed, [\d,]+ MB are free\./,
  );
});
