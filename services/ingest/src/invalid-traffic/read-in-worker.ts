import { Worker } from 'node:worker_threads';
import type { ListLimits } from './list-limits.js';
import { ListError, type ReadList } from './read-list.js';

export interface ListRequest {
  readonly path: string;
  readonly limits: ListLimits;
}

export type ListResponse =
  | { readonly state: 'read'; readonly list: ReadList }
  | { readonly state: 'wrong'; readonly reason: string };

/** The bundle, also for tests, which run the sources. */
const WORKER = new URL('../../bundle/list-worker.js', import.meta.url);

/** Each line becomes a short-lived text. A small young generation keeps the thread below 20 MB beside the ranges. */
const HEAP = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * Reads a list in a thread of its own, so that no request waits for it.
 *
 * @throws ListError for a file that is not a list within its limits; the error of the thread
 */
export function readInWorker(path: string, limits: ListLimits): Promise<ReadList> {
  return new Promise((resolve, reject) => {
    const workerData: ListRequest = { path, limits };
    const worker = new Worker(WORKER, { workerData, resourceLimits: HEAP, execArgv: [] });
    worker.once('message', (response: ListResponse) => {
      if (response.state === 'read') resolve(response.list);
      else reject(new ListError(response.reason));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that reads lists ended with code ${code}`)));
  });
}
