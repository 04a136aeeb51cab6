import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adIdsOf } from '@ads/harness';
import {
  addAds,
  type LocalProcess,
  migrate,
  natsServer,
  openPool,
  postgresServer,
  programProcess,
  redisServer,
  type ServiceName,
  serviceProcess,
} from '@ads/local';
import { Redis } from 'ioredis';
import { connect, type NatsConnection } from 'nats';
import type pg from 'pg';
import { type Place, runAt } from './cores.js';

/** No request is refused for coming too often, and each is counted as it would be. */
const UNREACHED_LIMIT = String(1_000_000_000);

/** Programs to compare with. */
export type ContenderName = 'bare' | 'fastify' | 'express' | 'same-bytes';

/** Real servers on file storage and with every sync that they have by default, and whatever is measured on them. */
export class BenchStack {
  readonly adIds: readonly string[];
  readonly #folder: string;
  readonly #started: LocalProcess[] = [];
  #servers: Servers | undefined;

  /** @param ads how many there are in the catalogue */
  constructor(folder: string, ads: number) {
    this.#folder = folder;
    this.adIds = adIdsOf(ads);
  }

  /** @throws Error before {@link startServers} */
  get servers(): Servers {
    if (this.#servers === undefined) throw new Error('The servers are not started');
    return this.#servers;
  }

  async startServers(): Promise<void> {
    const [postgres, redis, nats] = await Promise.all([
      postgresServer({ folder: join(this.#folder, 'postgres') }),
      redisServer({ folder: join(this.#folder, 'redis') }),
      natsServer({ folder: join(this.#folder, 'nats') }),
    ]);
    this.#started.push(postgres, redis, nats);
    await Promise.all([postgres.start(), redis.start(), nats.start()]);
    await migrate(postgres.env);
    const database = openPool(postgres.env);
    const store = new Redis({ host: redis.host, port: redis.port });
    store.on('error', () => undefined);
    const queue = await connect({ servers: `${nats.host}:${nats.port}` });
    this.#servers = { postgres, redis, nats, database, store, queue };
    await this.fillCatalogue(this.adIds);
  }

  /** These ads and no others. */
  async fillCatalogue(adIds: readonly string[]): Promise<void> {
    const { database } = this.servers;
    await database.query('DELETE FROM ads');
    await addAds(database, adIds);
  }

  /**
   * One of our services, with the settings that it has by default.
   *
   * @param name of the process, where there are several
   * @param env settings that are not
   */
  async startService(
    service: ServiceName,
    { name = service, place, env }: { name?: string; place: Place; env?: Readonly<Record<string, string>> },
  ): Promise<LocalProcess> {
    const made = await serviceProcess({
      name: service,
      logFolder: join(this.#folder, 'logs', name),
      env: { ...this.#environment(), ...env },
    });
    return await this.#start(made, place);
  }

  /** @param env what it is told beside its address and the servers */
  async startContender(
    name: ContenderName,
    place: Place,
    env?: Readonly<Record<string, string>>,
  ): Promise<LocalProcess> {
    const made = await programProcess({
      name,
      main: fileURLToPath(new URL(`./contenders/${name}.js`, import.meta.url)),
      logFolder: join(this.#folder, 'logs', name),
      env: { ...this.#environment(), ...env },
    });
    return await this.#start(made, place);
  }

  /** Ends everything at once: nobody will look at these data again. */
  async end(): Promise<void> {
    const { database, store, queue } = this.#servers ?? {};
    store?.disconnect();
    await Promise.allSettled([database?.end(), queue?.close()]);
    await Promise.allSettled(this.#started.map((process) => process.kill()));
  }

  async #start(made: LocalProcess, place: Place): Promise<LocalProcess> {
    this.#started.push(made);
    await made.start();
    runAt(place, made.pid);
    return made;
  }

  #environment(): Record<string, string> {
    const { postgres, redis, nats } = this.servers;
    return {
      NODE_ENV: 'production',
      RATE_LIMIT_EVENTS_PER_MINUTE: UNREACHED_LIMIT,
      RATE_LIMIT_READS_PER_MINUTE: UNREACHED_LIMIT,
      ...postgres.env,
      ...redis.env,
      ...nats.env,
    };
  }
}

/** The servers, and a connection of our own to each. */
export interface Servers {
  readonly postgres: LocalProcess;
  readonly redis: LocalProcess;
  readonly nats: LocalProcess;
  readonly database: pg.Pool;
  readonly store: Redis;
  readonly queue: NatsConnection;
}
