import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Variables } from '../database.js';
import { ADMIN_KEY_FILE } from '../launcher/admin-key.js';
import { lockLauncher } from '../launcher/lock.js';
import { ownServer } from '../launcher/own-servers.js';
import { step } from '../launcher/progress.js';
import { queueRoom } from '../launcher/queue-room.js';
import { readServerFile } from '../launcher/server-file.js';
import { readSettings } from '../launcher/settings.js';
import { endLeftovers } from '../processes/leftovers.js';
import type { LocalProcess } from '../processes/local-process.js';
import { localFolder } from '../project.js';
import { natsServer } from '../servers/nats.js';
import { postgresServer } from '../servers/postgres.js';
import { megabytes } from './backup-files.js';
import type { Manifest } from './manifest.js';
import { withAdministrator } from './postgres-files.js';
import { finishRestore } from './restore-backup.js';
import { runProgram } from './run-program.js';
import { takeBackup } from './take-backup.js';

const DATA = join(localFolder, 'data');

/** The servers that hold the data. */
interface Source {
  readonly postgres: Variables;
  readonly nats: Variables | undefined;
}

/** `npm run backup -- FOLDER`: backs up the data of `npm start`, which may run meanwhile. */
async function main(argument: string, variables: Variables): Promise<void> {
  const folder = resolve(argument);
  const nats = ownServer('NATS', variables);
  if (nats !== undefined) throw new Error(`The NATS of the tracker (${nats}) does not run here. ${EVENTS_WAIT}`);
  const running = readServerFile();
  if (running === undefined) {
    await withStoppedTracker(variables, (source) => backUp(folder, source));
  } else {
    if (running.postgres === undefined) throw new Error(NOT_HERE);
    await requireOwnData(running.postgres);
    if (running.nats === undefined) throw new Error(`The NATS of the tracker does not run here. ${EVENTS_WAIT}`);
    await backUp(folder, { postgres: running.postgres, nats: running.nats });
  }
}

const NOT_HERE =
  'The Postgres of the tracker does not run here. Back it up with its own tools: see packages/ledger/BACKUP.md.';

const EVENTS_WAIT =
  'Acknowledged events may wait in NATS, and a backup of Postgres alone would lack them: back up both with their own tools, see packages/ledger/BACKUP.md.';

async function backUp(folder: string, source: Source): Promise<void> {
  const manifest = await step('back up Postgres and the streams', (note) =>
    takeBackup({ folder, ...source, adminKeyFile: ADMIN_KEY_FILE }).then((made) => {
      note(megabytes(bytesOf(made)));
      return made;
    }),
  );
  const messages = manifest.streams.reduce((sum, { state }) => sum + state.messages, 0);
  console.log(`
Everything that was acknowledged before ${manifest.complete_until} is in ${folder}:
  ${manifest.rows.events.toLocaleString('en')} stored events, ${messages.toLocaleString('en')} messages in streams, ${manifest.rows.ads.toLocaleString('en')} ads
It contains addresses of viewers and the admin key: only you can read it. Restore it with
  npm run restore -- ${argumentOf(folder)}`);
}

function bytesOf({ files }: Manifest): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

function argumentOf(folder: string): string {
  return /^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`;
}

/** Starts the servers on their data, without the services. */
async function withStoppedTracker(variables: Variables, work: (source: Source) => Promise<void>): Promise<void> {
  if (ownServer('Postgres', variables) !== undefined) throw new Error(NOT_HERE);
  const unlock = await lockLauncher();
  const servers: LocalProcess[] = [];
  const started = async (server: LocalProcess) => {
    servers.push(server);
    await server.start();
    return server.env;
  };
  try {
    await endLeftovers();
    finishRestore(DATA);
    if (!existsSync(join(DATA, 'postgres', 'data'))) throw new Error('There are no data: npm start has not run here.');
    const folder = join(DATA, 'nats');
    const { jetstream } = queueRoom(variables);
    const postgres = await step('start Postgres', async () =>
      started(await postgresServer({ folder: join(DATA, 'postgres') })),
    );
    const nats = existsSync(folder)
      ? await step('start NATS', async () => started(await natsServer({ folder, jetstream })))
      : undefined;
    await work({ postgres, nats });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    unlock();
  }
}

/** @throws Error if the tracker uses other data, such as those of the demo */
async function requireOwnData(postgres: Variables): Promise<void> {
  const folder = await withAdministrator(postgres, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory ?? '';
  });
  if (resolve(folder) === resolve(DATA, 'postgres', 'data')) return;
  throw new Error(
    `npm start uses the data in ${folder}, such as those of the demo. Start it without --demo, or stop it.`,
  );
}

await runProgram('backup', (argument) => main(argument, readSettings([], process.env).variables));
