import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  addAds,
  type Gateway,
  type LocalProcess,
  migrateFrom,
  openGateway,
  projectRoot,
  type ServiceName,
  type Variables,
} from '@ads/local';
import { type AdminClients, openAdminClients } from './admin-clients.js';
import type { OpenServers, Servers, SingleServers } from './servers.js';
import { ServiceSlot, type SlotName } from './service-slot.js';

export interface EnvironmentOptions<S extends Servers> {
  /** The folder for data and logs. */
  readonly folder: string;
  readonly openServers: OpenServers<S>;
  /** The ads of the catalogue. */
  readonly adIds: readonly string[];
  /** Variables of every service, in addition to those of the servers. */
  readonly env?: Variables;
  readonly nodeArgs?: readonly string[];
  /** The checkout whose services start and whose migrations run; by default this one. */
  readonly root?: string;
}

/** Switches the rate limits off, because all requests come from one address. */
export const UNLIMITED = { RATE_LIMIT_EVENTS_PER_MINUTE: '0', RATE_LIMIT_READS_PER_MINUTE: '0' };

/**
 * A test environment: real servers, migrated, with ads in the catalogue; services as separate processes; and a gateway
 * in this process.
 *
 * Call {@link startServers} first, then {@link startService} for each service, and {@link end} at any time.
 */
export class Environment<S extends Servers = SingleServers> {
  readonly folder: string;
  readonly adIds: readonly string[];
  readonly #options: EnvironmentOptions<S>;
  readonly #processes: LocalProcess[] = [];
  readonly #slots: ServiceSlot[] = [];
  #servers: S | undefined;
  #admin: AdminClients | undefined;
  #gateway: Gateway | undefined;
  #turn = 0;

  constructor(options: EnvironmentOptions<S>) {
    this.#options = options;
    this.folder = options.folder;
    this.adIds = options.adIds;
  }

  /** @throws Error before {@link startServers} */
  get servers(): S {
    return started(this.#servers);
  }

  /** @throws Error before {@link startServers} */
  get admin(): AdminClients {
    return started(this.#admin);
  }

  /** The address of the gateway. @throws Error before {@link startGateway} */
  get url(): string {
    return `http://127.0.0.1:${started(this.#gateway).port}`;
  }

  get slots(): readonly ServiceSlot[] {
    return this.#slots;
  }

  get services(): readonly LocalProcess[] {
    return this.#slots.map(({ process }) => process);
  }

  slotsOf(service: ServiceName): readonly ServiceSlot[] {
    return this.#slots.filter((slot) => slot.service === service);
  }

  portsOf(service: ServiceName): number[] {
    return this.slotsOf(service).map(({ process }) => process.port);
  }

  async startServers(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const servers = await this.#options.openServers(this.folder, (...made) => this.#processes.push(...made));
    this.#servers = servers;
    this.#admin = await openAdminClients(servers.postgres, servers.redis, servers.nats);
    await this.prepare();
  }

  /** Creates the tables and the ads in an empty database. */
  async prepare(): Promise<void> {
    await migrateFrom(this.#options.root ?? projectRoot, this.servers.postgres.env);
    await addAds(this.admin.database, this.adIds);
  }

  /** @param env variables for this service only */
  async startService(name: SlotName, env: Variables = {}): Promise<LocalProcess> {
    const { env: common, nodeArgs = [], root } = this.#options;
    const slot = new ServiceSlot({
      name,
      logFolder: join(this.folder, 'logs', name),
      nodeArgs,
      ...(root === undefined ? {} : { root }),
      env: { ...common, ...this.servers.envOf(name), ...env },
    });
    this.#slots.push(slot);
    await slot.start();
    return slot.process;
  }

  async startServices(...names: readonly SlotName[]): Promise<void> {
    await Promise.all(names.map((name) => this.startService(name)));
  }

  /** Starts a given program; {@link end} ends it. */
  async startProcess(made: LocalProcess): Promise<LocalProcess> {
    this.#processes.push(made);
    await made.start();
    return made;
  }

  /** Opens a gateway that sends requests to the ready processes of a service in turn. */
  async startGateway(): Promise<void> {
    this.#gateway = await openGateway({ host: '127.0.0.1', port: 0, portOf: (service) => this.#nextPort(service) });
  }

  /** Kills all processes. */
  async end(): Promise<void> {
    await this.#admin?.close();
    await Promise.allSettled(this.#slots.map((slot) => slot.end()));
    await Promise.allSettled(this.#processes.map((process) => process.kill()));
    await Promise.allSettled([this.#servers?.close(), this.#gateway?.close(0)]);
  }

  #nextPort(service: ServiceName): number | undefined {
    const ports = this.slotsOf(service).flatMap((slot) => slot.port ?? []);
    this.#turn += 1;
    return ports[this.#turn % ports.length];
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('This part of the environment is not started yet.');
  return part;
}
