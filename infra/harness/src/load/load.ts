import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { GroupSettings, Page } from './group.js';

/** Groups of connections that send in a separate thread. */
export class Load {
  readonly #worker: Worker;

  constructor(groups: readonly GroupSettings[]) {
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: groups });
  }

  /** The answers to each group since the last call, in the order of the groups. */
  page(): Promise<Page[]> {
    return this.#ask('page');
  }

  /** Waits for the outstanding answers, and ends. @returns the last pages */
  stop(): Promise<Page[]> {
    return this.#ask('stop');
  }

  async #ask(message: 'page' | 'stop'): Promise<Page[]> {
    this.#worker.postMessage(message);
    const [pages] = await once(this.#worker, 'message');
    return pages as Page[];
  }
}
