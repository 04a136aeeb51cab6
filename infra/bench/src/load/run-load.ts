import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadResult, LoadSettings } from './sender.js';

/** Runs one case in a thread of its own. @throws Error when not everything was answered as it should be */
export async function runLoad(settings: LoadSettings): Promise<LoadResult> {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: settings });
  const [result] = await once(worker, 'message');
  await worker.terminate();
  return result as LoadResult;
}
