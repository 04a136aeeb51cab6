import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import type pg from 'pg';
import type { Variables } from '../database.js';
import { requireSpace } from './backup-files.js';
import { BackupWriter } from './backup-writer.js';
import { type Manifest, manifestHead, PARTS, PLATFORM, type StreamBackup } from './manifest.js';
import { copyPostgres, readPostgresState, withAdministrator } from './postgres-files.js';
import { copyStreams, streamBytes } from './streams.js';

/** The content of a backup, and the folder to which it is written. */
export interface BackupOptions {
  /** Must not exist. */
  readonly folder: string;
  /** The variables of the running Postgres, which runs on this machine. */
  readonly postgres: Variables;
  /** The variables of the running NATS; undefined if the tracker has none. */
  readonly nats: Variables | undefined;
  /** The file of the administrator's key; ignored if it is missing. */
  readonly adminKeyFile?: string;
}

/**
 * Backs up running servers while the tracker uses them. Everything that was acknowledged before `complete_until` is in the backup,
 * and counts once after a restore:
 *
 * 1. The files of Postgres are copied.
 * 2. Snapshots of the streams are taken; `complete_until` is the time before them. An event that was acknowledged before is in the snapshot, unless the consumer has
 *    recorded it and acknowledged its message: it commits first, so then the event is in Postgres.
 * 3. The backup of Postgres ends. Its state is that of this moment, which is after the snapshots: no event can be between them.
 *    An event that is in both counts once, by its id.
 *
 * In the order Postgres, then streams an event would be lost if it was recorded in between.
 *
 * Redis is not backed up: the restored Postgres has another identity, so counters of Redis are not used until the consumers have
 * filled them again.
 *
 * @throws Error with the reason; then the folder does not exist
 */
export async function takeBackup({ folder, postgres, nats, adminKeyFile }: BackupOptions): Promise<Manifest> {
  const connection = nats === undefined ? undefined : await connectTo(nats);
  try {
    return await withAdministrator(postgres, async (client) => {
      const writer = new BackupWriter(folder);
      try {
        const state = await readPostgresState(client);
        requireSpace(dirname(folder), state.bytes + (connection === undefined ? 0 : await streamBytes(connection)));
        let completeUntil = '';
        let streams: StreamBackup[] = [];
        let rows: Manifest['rows'] | undefined;
        await copyPostgres(client, state, writer, async () => {
          completeUntil = new Date().toISOString();
          if (connection !== undefined) streams = await copyStreams(connection, writer);
          rows = await countRows(client);
        });
        await writer.write(PARTS.password, postgres.POSTGRES_PASSWORD ?? '');
        if (adminKeyFile !== undefined && existsSync(adminKeyFile)) {
          await writer.write(PARTS.adminKey, readFileSync(adminKeyFile));
        }
        return await writer.finish({
          ...manifestHead(),
          complete_until: completeUntil,
          schema: state.schema,
          postgres: { major: state.major, platform: PLATFORM },
          rows: rows ?? { events: 0, ads: 0 },
          streams,
        });
      } catch (error) {
        writer.abandon();
        throw error;
      }
    });
  } finally {
    await connection?.close();
  }
}

async function connectTo({ NATS_URL = '' }: Variables): Promise<NatsConnection> {
  try {
    return await connect({ servers: NATS_URL, name: 'backup' });
  } catch (error) {
    throw new Error(`NATS is unavailable (${(error as Error).message}), and a backup needs the events in its streams.`);
  }
}

/** The stored events and the ads. */
export async function countRows(client: pg.Client): Promise<Manifest['rows']> {
  const { rows } = await client.query<{ events: string; ads: string }>(
    'SELECT (SELECT count(*) FROM ad_events) AS events, (SELECT count(*) FROM ads) AS ads',
  );
  return { events: Number(rows[0]?.events), ads: Number(rows[0]?.ads) };
}
