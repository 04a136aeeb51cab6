import { parentPort, workerData } from 'node:worker_threads';
import { type GroupSettings, startGroup } from './group.js';

// Runs in a separate thread, so that the load continues while the main thread is busy.
const groups = (workerData as readonly GroupSettings[]).map(startGroup);

parentPort?.on('message', async (message: 'page' | 'stop') => {
  if (message === 'stop') await Promise.all(groups.map((group) => group.stop()));
  parentPort?.postMessage(groups.map((group) => group.page()));
  if (message === 'stop') process.exit(0);
});
