import { parentPort, workerData } from 'node:worker_threads';
import type { ListRequest, ListResponse } from './read-in-worker.js';
import { ListError, readList } from './read-list.js';

/** Reads one list, and sends it to the thread that started this one. Other errors than those of the list end the thread. */
function respond({ path, limits }: ListRequest): void {
  try {
    const list = readList(path, limits);
    const { v4, v4Prefixes, v6, v6Prefixes } = list.ranges;
    const buffers = [v4.buffer, v4Prefixes.buffer, v6.buffer, v6Prefixes.buffer];
    parentPort?.postMessage({ state: 'read', list } satisfies ListResponse, buffers);
  } catch (error) {
    if (!(error instanceof ListError)) throw error;
    parentPort?.postMessage({ state: 'wrong', reason: error.message } satisfies ListResponse);
  }
}

respond(workerData as ListRequest);
