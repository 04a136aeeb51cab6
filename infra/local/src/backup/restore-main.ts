import { join, relative, resolve } from 'node:path';
import { ADMIN_KEY_FILE } from '../launcher/admin-key.js';
import { lockLauncher } from '../launcher/lock.js';
import { step } from '../launcher/progress.js';
import { queueRoom } from '../launcher/queue-room.js';
import { readServerFile } from '../launcher/server-file.js';
import { readSettings } from '../launcher/settings.js';
import { endLeftovers } from '../processes/leftovers.js';
import { localFolder, projectRoot } from '../project.js';
import { finishRestore, restoreBackup } from './restore-backup.js';
import { runProgram } from './run-program.js';

const DATA = join(localFolder, 'data');

/** `npm run restore -- FOLDER`: replaces the data of `npm start` by a backup. */
async function main(argument: string): Promise<void> {
  if (readServerFile() !== undefined) {
    throw new Error('npm start runs in this folder. Stop it with Ctrl-C in its terminal, then restore.');
  }
  const { variables } = readSettings([], process.env);
  const unlock = await lockLauncher();
  try {
    await endLeftovers();
    finishRestore(DATA);
    const { manifest, rows, replaced } = await restoreBackup({
      backup: resolve(argument),
      dataFolder: DATA,
      adminKeyFile: ADMIN_KEY_FILE,
      jetstream: queueRoom(variables).jetstream,
      step,
    });
    const messages = manifest.streams.reduce((sum, { state }) => sum + state.messages, 0);
    console.log(`
Restored the state of ${manifest.complete_until}: ${rows.events.toLocaleString('en')} stored events, ${rows.ads.toLocaleString('en')} ads, and
${messages.toLocaleString('en')} messages in streams, which are recorded after the start; events that are stored already count once.
${replaced === undefined ? '' : `The replaced data are in ${relative(projectRoot, replaced)}. Delete them when you have checked the numbers.\n`}
Next: npm start`);
  } finally {
    unlock();
  }
}

await runProgram('restore', main);
