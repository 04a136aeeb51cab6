import { join } from 'node:path';
import {
  addAds,
  type Gateway,
  type LocalProcess,
  migrate,
  natsServer,
  openGateway,
  openPool,
  postgresServer,
  redisServer,
  type ServiceName,
  serviceProcess,
} from '@ads/local';
import type pg from 'pg';
import { AD_IDS } from './generate/endpoints.js';
import type { Target } from './generate/request.js';

const SERVICES = ['ingest', 'consumer', 'analytics'] as const;

/** The whole tracker, as a stranger meets it. */
export class FuzzStack {
  readonly #folder: string;
  readonly #processes: LocalProcess[] = [];
  readonly #services = new Map<ServiceName, LocalProcess>();
  #gateway: Gateway | undefined;
  #database: pg.Pool | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get services(): readonly LocalProcess[] {
    return SERVICES.flatMap((name) => this.#services.get(name) ?? []);
  }

  /** Servers and services. */
  get processes(): readonly LocalProcess[] {
    return this.#processes;
  }

  get logFolder(): string {
    return join(this.#folder, 'logs');
  }

  /** Past the services, to look at what they stored. */
  get database(): pg.Pool {
    if (this.#database === undefined) throw new Error('The stack is not started');
    return this.#database;
  }

  portOf(target: Target): number {
    const port = target === 'gateway' ? this.#gateway?.port : this.#services.get(target)?.port;
    if (port === undefined) throw new Error(`There is no ${target}`);
    return port;
  }

  urlOf(target: Target): string {
    return `http://127.0.0.1:${this.portOf(target)}`;
  }

  async start(): Promise<void> {
    const [postgres, redis, nats] = await Promise.all([
      postgresServer({ folder: join(this.#folder, 'postgres') }),
      redisServer({ folder: join(this.#folder, 'redis') }),
      natsServer({ folder: join(this.#folder, 'nats') }),
    ]);
    await this.#startAll([postgres, redis, nats]);
    await this.#prepare(postgres);
    const env = {
      ...postgres.env,
      ...redis.env,
      ...nats.env,
      TRUST_PROXY: 'loopback',
      // Everything comes from one address here.
      RATE_LIMIT_EVENTS_PER_MINUTE: '0',
      RATE_LIMIT_READS_PER_MINUTE: '0',
      // Who sends nothing more is waited for as long as this: a run would last hours with the usual limits.
      HTTP_HEADERS_TIMEOUT_MS: '1500',
      HTTP_REQUEST_TIMEOUT_MS: '3000',
    };
    const collect = new URL('./collect-on-signal.js', import.meta.url).href;
    for (const name of SERVICES) {
      const logFolder = join(this.logFolder, name);
      const nodeArgs = ['--expose-gc', '--import', collect];
      this.#services.set(name, await serviceProcess({ name, env, logFolder, nodeArgs }));
    }
    await this.#startAll(this.services);
    this.#gateway = await openGateway({
      host: '127.0.0.1',
      port: 0,
      portOf: (upstream) => this.#services.get(upstream)?.port,
    });
  }

  /** Ends everything at once: nobody will look at these data again. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#processes.map((one) => one.kill()));
    await Promise.allSettled([this.#database?.end(), this.#gateway?.close(0)]);
  }

  async #startAll(processes: readonly LocalProcess[]): Promise<void> {
    this.#processes.push(...processes);
    await Promise.all(processes.map((one) => one.start()));
  }

  async #prepare({ env }: LocalProcess): Promise<void> {
    await migrate(env);
    this.#database = openPool(env, { max: 2 });
    // ad-002 is there for nobody to click on.
    await addAds(this.#database, [...AD_IDS, 'ad-002']);
  }
}
