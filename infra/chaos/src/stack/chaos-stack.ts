import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Gateway,
  type LocalProcess,
  migrate,
  natsServer,
  openGateway,
  postgresServer,
  redisServer,
  type ServiceName,
} from '@ads/local';
import { step } from '../progress.js';
import { Dependency } from './dependency.js';
import { type Eyes, openEyes } from './eyes.js';
import { ServiceSlot } from './service-slot.js';

const INGESTS = ['ingest-1', 'ingest-2'] as const;
const CONSUMERS = ['consumer-1', 'consumer-2'] as const;
const ANALYTICS = 'analytics';
const RECORDERS = [...INGESTS, ...CONSUMERS];

/** The ads that are shown. The first ones are shown far more often than the last. */
export const AD_IDS: readonly string[] = Array.from({ length: 12 }, (_, index) => `chaos-${index + 1}`);

/** What a rolling deployment would have; two of what there is more than one of. */
export class ChaosStack {
  readonly folder: string;
  readonly #processes: LocalProcess[] = [];
  readonly #slots: ServiceSlot[] = [];
  #dependencies: Readonly<Record<'postgres' | 'redis' | 'nats', Dependency>> | undefined;
  #gateway: Gateway | undefined;
  #eyes: Eyes | undefined;
  #turn = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const [postgres, redis, nats] = await step('Postgres, Redis, NATS', () => this.#startServers());
    this.#eyes = await openEyes(postgres, redis, nats);
    await step('migrate', () => this.#prepare(postgres));
    this.#dependencies = {
      postgres: await Dependency.open('postgres', postgres, [...RECORDERS, ANALYTICS]),
      redis: await Dependency.open('redis', redis, [...RECORDERS, ANALYTICS]),
      nats: await Dependency.open('nats', nats, RECORDERS),
    };
    await step('two ingests, two consumers, analytics', async () => {
      for (const name of INGESTS) this.#addSlot('ingest', name);
      for (const name of CONSUMERS) this.#addSlot('consumer', name);
      this.#addSlot('analytics', ANALYTICS);
      await Promise.all(this.#slots.map((slot) => slot.start()));
    });
    this.#gateway = await openGateway({
      host: '127.0.0.1',
      port: 0,
      portOf: (upstream) => this.#nextPort(upstream),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#gateway?.port}`;
  }

  get eyes(): Eyes {
    return started(this.#eyes);
  }

  get postgres(): Dependency {
    return started(this.#dependencies).postgres;
  }

  get redis(): Dependency {
    return started(this.#dependencies).redis;
  }

  get nats(): Dependency {
    return started(this.#dependencies).nats;
  }

  get dependencies(): readonly Dependency[] {
    return Object.values(started(this.#dependencies));
  }

  get slots(): readonly ServiceSlot[] {
    return this.#slots;
  }

  slotsOf(service: ServiceName): readonly ServiceSlot[] {
    return this.#slots.filter((slot) => slot.service === service);
  }

  /** Brings back whatever a fault has left stopped, cut off or dead, as when it failed half-way. */
  async restore(): Promise<void> {
    for (const dependency of this.dependencies) {
      dependency.server.resume();
      await dependency.heal();
      if (dependency.server.pid === undefined) await dependency.start();
    }
    for (const slot of this.#slots) {
      slot.process.resume();
      if (slot.port === undefined) await slot.start();
    }
  }

  /** Ends everything at once: nobody will look at these data again. */
  async end(): Promise<void> {
    await this.#eyes?.close();
    await Promise.allSettled(this.#slots.map((slot) => slot.end()));
    await Promise.allSettled(this.#processes.map((server) => server.kill()));
    const proxies = this.#dependencies === undefined ? [] : this.dependencies.flatMap(({ proxies }) => proxies);
    await Promise.allSettled([...proxies.map((proxy) => proxy.refuse()), this.#gateway?.close(0)]);
  }

  async #startServers(): Promise<readonly [LocalProcess, LocalProcess, LocalProcess]> {
    const servers = [
      await postgresServer({ folder: join(this.folder, 'postgres') }),
      await redisServer({ folder: join(this.folder, 'redis') }),
      await natsServer({ folder: join(this.folder, 'nats') }),
    ] as const;
    this.#processes.push(...servers);
    await Promise.all(servers.map((server) => server.start()));
    return servers;
  }

  async #prepare(postgres: LocalProcess): Promise<void> {
    await migrate(postgres.env);
    await this.eyes.database.query(
      `INSERT INTO ads (id, image_url, target_url)
       SELECT id, 'https://example.com/images/' || id, 'https://example.com/offers/' || id FROM unnest($1::text[]) AS id`,
      [AD_IDS],
    );
  }

  #addSlot(service: ServiceName, name: string): void {
    const needed = this.dependencies.filter((dependency) => name !== ANALYTICS || dependency.name !== 'nats');
    this.#slots.push(
      new ServiceSlot({
        service,
        name,
        logFolder: join(this.folder, 'logs', name),
        env: {
          TRUST_PROXY: 'loopback',
          // All players come from one address here.
          RATE_LIMIT_EVENTS_PER_MINUTE: '0',
          RATE_LIMIT_READS_PER_MINUTE: '0',
          // Some minutes of what the players send: it can be filled.
          NATS_STREAM_MAX_BYTES: '8000000',
          // The shorter the wait for a redelivery, the more of them there are in a round.
          NATS_ACK_WAIT_SECONDS: '5',
          ...Object.assign({}, ...needed.map((dependency) => dependency.envOf(name))),
        },
      }),
    );
  }

  /** In turn over those that are there, as a balancer does it. */
  #nextPort(service: ServiceName): number | undefined {
    const ports = this.slotsOf(service).flatMap((slot) => slot.port ?? []);
    this.#turn += 1;
    return ports[this.#turn % ports.length];
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The stack is not started');
  return part;
}
