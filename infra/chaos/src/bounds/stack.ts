import { join } from 'node:path';
import { type AdminClients, adIdsOf, openAdminClients, type RequestSettings } from '@ads/harness';
import {
  addAds,
  type LocalProcess,
  migrate,
  natsServer,
  postgresServer,
  redisServer,
  type ServiceName,
  step,
} from '@ads/local';
import { ServiceSlot } from '../stack/service-slot.js';

/** As in `ingest-1`. */
type SlotName = `${ServiceName}-${number}`;

/** Real servers and services that reach each other directly: here nothing is cut off, and everything is timed. */
export class BoundsStack {
  readonly adIds: readonly string[];
  readonly #folder: string;
  readonly #nodeOptions: string;
  readonly #slots: ServiceSlot[] = [];
  readonly #servers: LocalProcess[] = [];
  #admin: AdminClients | undefined;

  /**
   * @param ads how many there are in the catalogue
   * @param capMegabytes what each service may have; half of it for its heap, as the README recommends
   */
  constructor(folder: string, ads: number, capMegabytes: number) {
    this.#folder = folder;
    this.#nodeOptions = `--max-old-space-size=${Math.floor(capMegabytes / 2)}`;
    this.adIds = adIdsOf(ads);
  }

  get postgres(): LocalProcess {
    return there(this.#servers[0]);
  }

  get redis(): LocalProcess {
    return there(this.#servers[1]);
  }

  get nats(): LocalProcess {
    return there(this.#servers[2]);
  }

  get admin(): AdminClients {
    return there(this.#admin);
  }

  get slots(): readonly ServiceSlot[] {
    return this.#slots;
  }

  /** A question about each ad. */
  get questions(): RequestSettings {
    return { kind: 'get', paths: this.adIds.map((adId) => `/api/v1/ads/analytics?ad_id=${adId}`) };
  }

  portsOf(service: ServiceName): number[] {
    return this.#slots.filter((slot) => slot.service === service).map(({ process }) => process.port);
  }

  async startServers(): Promise<void> {
    await step('Postgres, Redis, NATS', async () => {
      this.#servers.push(
        await postgresServer({ folder: join(this.#folder, 'postgres') }),
        await redisServer({ folder: join(this.#folder, 'redis') }),
        await natsServer({ folder: join(this.#folder, 'nats') }),
      );
      await Promise.all(this.#servers.map((server) => server.start()));
    });
    this.#admin = await openAdminClients(this.postgres, [this.redis], [this.nats]);
    await step(`migrate, ${this.adIds.length} ads`, async () => {
      await migrate(this.postgres.env);
      await addAds(this.admin.database, this.adIds);
    });
  }

  /** Starts services with the settings that they have by default, but for the heap, and whom they take for a proxy. */
  async startServices(...names: readonly SlotName[]): Promise<void> {
    await step(names.join(', '), () => Promise.all(names.map((name) => this.#start(name))));
  }

  /** Starts one service with other variables on top of these. */
  async startServiceWith(name: SlotName, variables: Readonly<Record<string, string>>): Promise<void> {
    await step(name, () => this.#start(name, variables));
  }

  async #start(name: SlotName, variables: Readonly<Record<string, string>> = {}): Promise<void> {
    const slot = new ServiceSlot({
      service: name.split('-')[0] as ServiceName,
      name,
      logFolder: join(this.#folder, 'logs', name),
      env: {
        TRUST_PROXY: 'loopback',
        NODE_OPTIONS: this.#nodeOptions,
        ...Object.assign({}, ...this.#servers.map(({ env }) => env)),
        ...variables,
      },
    });
    this.#slots.push(slot);
    await slot.start();
  }

  /** Ends everything at once: nobody will look at these data again. */
  async end(): Promise<void> {
    await this.#admin?.close();
    await Promise.allSettled(this.#slots.map((slot) => slot.end()));
    await Promise.allSettled(this.#servers.map((server) => server.kill()));
  }
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The stack is not started');
  return part;
}
