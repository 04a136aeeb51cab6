import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminClients, openAdminClients } from '@ads/harness';
import {
  addAds,
  type Gateway,
  type LocalProcess,
  migrate,
  type Names,
  openGateway,
  openNames,
  type ServiceName,
  step,
} from '@ads/local';
import type { Dependency } from './dependency.js';
import { STREAM_BYTES } from './queue-limits.js';
import { dependenciesOf, type ScaledOutServers, type Servers, type Topology, variablesOf } from './servers.js';
import { ServiceSlot } from './service-slot.js';
import { unmountBelow } from './small-volume.js';

const INGESTS = ['ingest-1', 'ingest-2'] as const;
const CONSUMERS = ['consumer-1', 'consumer-2'] as const;
const ANALYTICS = 'analytics';
const USERS = { all: [...INGESTS, ...CONSUMERS, ANALYTICS], queue: [...INGESTS, ...CONSUMERS] };
/** The role has them: PgBouncer does not pass on what a connection asks for. */
const ROLE_TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
const ROLE_TIMEOUT_MS = 5_000;

/** The ads that are shown. The first ones are shown far more often than the last. */
export const AD_IDS: readonly string[] = Array.from({ length: 12 }, (_, index) => `chaos-${index + 1}`);

/** Events of ads that nobody can look up: so few that a flood of them reaches the limit. */
export const UNVERIFIED_PER_MINUTE = 300;

/** What a rolling deployment would have; two of what there is more than one of. */
export class ChaosStack {
  readonly folder: string;
  /** The names by which services reach single servers. */
  readonly names: Names;
  readonly #topology: Topology;
  readonly #processes: LocalProcess[] = [];
  readonly #slots: ServiceSlot[] = [];
  #servers: Servers | undefined;
  #gateway: Gateway | undefined;
  #admin: AdminClients | undefined;
  #turn = 0;

  /** @param parent gets a folder for what the stack writes */
  constructor(parent: string, topology: Topology) {
    this.folder = join(parent, topology.name);
    this.names = openNames(join(this.folder, 'names'));
    this.#topology = topology;
  }

  async start(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const servers = await step(this.#topology.title, () =>
      this.#topology.open(this.folder, USERS, (...made) => this.#processes.push(...made)),
    );
    this.#servers = servers;
    const { postgres, redis, nats } = servers;
    this.#admin = await openAdminClients(
      postgres.server,
      redis.map(({ server }) => server),
      nats.map(({ server }) => server),
    );
    await step('migrate', () => this.prepare());
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

  get admin(): AdminClients {
    return started(this.#admin);
  }

  get postgres(): Dependency {
    return started(this.#servers).postgres;
  }

  /** @throws Error where there is a cluster */
  get redis(): Dependency {
    return this.redisServer('redis');
  }

  /** @throws Error when there is none of that name */
  redisServer(name: string): Dependency {
    return named(started(this.#servers).redis, name);
  }

  /** @throws Error where there is a cluster */
  get nats(): Dependency {
    return this.natsServer('nats');
  }

  /** One, or all of the cluster. */
  get natsServers(): readonly Dependency[] {
    return started(this.#servers).nats;
  }

  /** @throws Error when there is none of that name */
  natsServer(name: string): Dependency {
    return named(started(this.#servers).nats, name);
  }

  /** @throws Error where there is one server of each */
  get scaledOut(): ScaledOutServers {
    return started(started(this.#servers).scaledOut);
  }

  get dependencies(): readonly Dependency[] {
    return dependenciesOf(started(this.#servers));
  }

  get slots(): readonly ServiceSlot[] {
    return this.#slots;
  }

  slotsOf(service: ServiceName): readonly ServiceSlot[] {
    return this.#slots.filter((slot) => slot.service === service);
  }

  /** Brings back whatever a fault has left stopped, cut off or dead, as when it failed half-way. */
  async restore(): Promise<void> {
    await this.#servers?.scaledOut?.natsRoutes.heal();
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
    await this.#admin?.close();
    await Promise.allSettled(this.#slots.map((slot) => slot.end()));
    await Promise.allSettled(this.#processes.map((server) => server.kill()));
    await unmountBelow(this.folder);
    const dependencies = this.#servers === undefined ? [] : this.dependencies;
    const networks = dependencies.map((dependency) => dependency.refuse());
    await Promise.allSettled([...networks, this.#servers?.scaledOut?.natsRoutes.close(), this.#gateway?.close(0)]);
  }

  /** Makes the tables, the ads and the settings of the role in a database that is empty. */
  async prepare(): Promise<void> {
    const postgres = this.postgres.server;
    await migrate(postgres.env);
    await addAds(this.admin.database, AD_IDS);
    for (const name of ROLE_TIMEOUTS) {
      await this.admin.database.query(`ALTER ROLE ${postgres.env.POSTGRES_USER} SET ${name} = ${ROLE_TIMEOUT_MS}`);
    }
  }

  #addSlot(service: ServiceName, name: string): void {
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
          UNVERIFIED_EVENTS_PER_MINUTE: String(UNVERIFIED_PER_MINUTE),
          NATS_STREAM_MAX_BYTES: String(STREAM_BYTES.events),
          NATS_DEAD_LETTERS_MAX_BYTES: String(STREAM_BYTES.deadLetters),
          // The shorter the wait for a redelivery, the more of them there are in a round.
          NATS_ACK_WAIT_SECONDS: '5',
          ...this.#variablesOf(name),
        },
      }),
    );
  }

  /** Servers are reached by names that can be made to hang; the nodes of clusters tell addresses by themselves. */
  #variablesOf(user: string): Record<string, string> {
    const servers = started(this.#servers);
    const variables = variablesOf(servers, USERS, user);
    return servers.scaledOut === undefined ? this.names.variables(variables) : variables;
  }

  /** In turn over those that are there, as a balancer does it. */
  #nextPort(service: ServiceName): number | undefined {
    const ports = this.slotsOf(service).flatMap((slot) => slot.port ?? []);
    this.#turn += 1;
    return ports[this.#turn % ports.length];
  }
}

function named(servers: readonly Dependency[], name: string): Dependency {
  const found = servers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no server ${name}`);
  return found;
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The stack is not started');
  return part;
}
