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

/** After so many answers Node has compiled what is hot: before, Express takes three times as long. */
const WARM_ANSWERS = 4_000;
const WARM_TURN_SECONDS = 1;
const MOST_WARM_TURNS = 4;

/** Lets a process answer so often, or four seconds long. @returns how many answers that took */
export async function warmUp(
  settings: Omit<LoadSettings, 'warmSeconds' | 'seconds' | 'perSecond'>,
  answers = WARM_ANSWERS,
): Promise<number> {
  let answered = 0;
  for (let turn = 0; turn < MOST_WARM_TURNS && answered < answers; turn += 1) {
    answered += (await runLoad({ ...settings, warmSeconds: 0, seconds: WARM_TURN_SECONDS })).answered;
  }
  return answered;
}
