import { type LocalProcess, type ServiceName, serviceProcess } from '@ads/local';

/** The name of a service, with a number if it has several slots: `ingest` or `ingest-1`. */
export type SlotName = ServiceName | `${ServiceName}-${string}`;

export interface SlotOptions {
  readonly name: SlotName;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFolder: string;
  readonly nodeArgs?: readonly string[];
  /** The checkout whose service runs; by default this one. */
  readonly root?: string;
}

/** A slot for one process of a service at a time. Its successor has the same variables and another port. */
export class ServiceSlot {
  readonly service: ServiceName;
  readonly name: SlotName;
  readonly #options: SlotOptions;
  readonly #made: LocalProcess[] = [];
  #process: LocalProcess | undefined;
  #ready = false;
  #root: string | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#root = options.root;
    this.service = options.name.split('-')[0] as ServiceName;
    this.name = options.name;
  }

  /** The current process. @throws Error before the first start */
  get process(): LocalProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started.`);
    return this.#process;
  }

  /** The address for requests; undefined while the process is not ready. */
  get port(): number | undefined {
    return this.#ready && this.#process?.pid !== undefined ? this.#process.port : undefined;
  }

  /** Starts the service, or `entry`: another program with its arguments that runs the same service. */
  async start(entry: readonly string[] = []): Promise<void> {
    const process = await this.#make(entry);
    this.#process = process;
    await process.start();
    this.#ready = true;
  }

  async kill(): Promise<void> {
    this.#ready = false;
    await this.#process?.kill();
  }

  /** Kills every process that was started in this slot, including one that is still starting. */
  async end(): Promise<void> {
    this.#ready = false;
    await Promise.allSettled(this.#made.map((process) => process.kill()));
  }

  /**
   * Performs a rolling update. The new process is ready and gets all requests before the old one gets SIGTERM.
   * @param root the checkout of the new process and its successors; by default that of the old one
   */
  async roll(root = this.#root): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const old = this.process;
    this.#root = root;
    const successor = await this.#make();
    await successor.start();
    this.#process = successor;
    return await old.stop();
  }

  async #make(entry: readonly string[] = []): Promise<LocalProcess> {
    const { env, logFolder, nodeArgs = [] } = this.#options;
    // Node runs the first file of its arguments, so `entry` gets the main file of the service as an argument.
    const made = await serviceProcess({
      name: this.service,
      env,
      logFolder,
      nodeArgs: [...nodeArgs, ...entry],
      ...(this.#root === undefined ? {} : { root: this.#root }),
    });
    this.#made.push(made);
    return made;
  }
}
