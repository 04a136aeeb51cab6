import { parentPort, workerData } from 'node:worker_threads';
import { type GroupSettings, startGroup } from './group.js';

// The load has a thread of its own: measuring must not wait for whoever reads tables meanwhile.
const groups = (workerData as readonly GroupSettings[]).map(startGroup);

parentPort?.on('message', async (message: 'page' | 'stop') => {
  if (message === 'stop') await Promise.all(groups.map((group) => group.stop()));
  parentPort?.postMessage(groups.map((group) => group.page()));
  if (message === 'stop') process.exit(0);
});
