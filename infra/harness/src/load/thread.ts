import { parentPort, workerData } from 'node:worker_threads';
import { type GroupSettings, startGroup } from './group.js';

// A separate thread, so that the load does not wait while the main thread reads tables.
const groups = (workerData as readonly GroupSettings[]).map(startGroup);

parentPort?.on('message', async (message: 'page' | 'stop') => {
  if (message === 'stop') await Promise.all(groups.map((group) => group.stop()));
  parentPort?.postMessage(groups.map((group) => group.page()));
  if (message === 'stop') process.exit(0);
});
