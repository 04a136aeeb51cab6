import { type LocalProcess, type ServiceName, serviceProcess } from '@ads/local';

export interface SlotOptions {
  readonly service: ServiceName;
  /** As in `ingest-1`. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFolder: string;
}

/** A place that one process of a service has at a time, with a network of its own to each server. */
export class ServiceSlot {
  readonly service: ServiceName;
  readonly name: string;
  readonly #options: SlotOptions;
  readonly #made: LocalProcess[] = [];
  #process: LocalProcess | undefined;
  #ready = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.service = options.service;
    this.name = options.name;
  }

  /** The process that has the place now. @throws Error before the first start */
  get process(): LocalProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** Where requests may be sent to; undefined while it is not there. */
  get port(): number | undefined {
    return this.#ready && this.#process?.pid !== undefined ? this.#process.port : undefined;
  }

  /** Starts the service; or in its place `entry`, a program that wires the same parts, and its arguments. */
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

  /** Kills whatever was ever started here, also what is being started now. */
  async end(): Promise<void> {
    this.#ready = false;
    await Promise.allSettled(this.#made.map((process) => process.kill()));
  }

  /** As a rolling update does it: the new one is ready and gets the requests before the old one is told to end. */
  async roll(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const old = this.process;
    const successor = await this.#make();
    await successor.start();
    this.#process = successor;
    return await old.stop();
  }

  async #make(entry: readonly string[] = []): Promise<LocalProcess> {
    const { service, env, logFolder } = this.#options;
    // Node runs the first file that it is given; the service's own main is then only an argument.
    const made = await serviceProcess({ name: service, env, logFolder, nodeArgs: entry });
    this.#made.push(made);
    return made;
  }
}
