import { createFairQueue, type FairQueueLimits } from './fair-queue.js';

/**
 * Runs one piece of work at a time. Clients take turns.
 *
 * @param client the client key
 */
export type Turns = <T>(client: string, work: () => Promise<T>) => Promise<T>;

/** @param refusal thrown for work beyond the limits */
export function createTurns(limits: FairQueueLimits, refusal: () => Error): Turns {
  const queue = createFairQueue<() => Promise<void>>(limits);
  let running = false;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    for (let work = queue.next(); work !== undefined; work = queue.next()) await work();
    running = false;
  }

  return (client, work) =>
    new Promise((resolve, reject) => {
      const turn = () => work().then(resolve, reject);
      if (!queue.add(client, turn)) throw refusal();
      void run();
    });
}
