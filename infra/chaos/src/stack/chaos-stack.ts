import { join } from 'node:path';
import { Environment, UNLIMITED } from '@ads/harness';
import { type LocalProcess, type Names, openNames, step, type Variables } from '@ads/local';
import type { Dependency } from './dependency.js';
import { unmountBelow } from './small-volume.js';
import { type ChaosServers, type ScaledOutServers, SLOTS, STREAM_BYTES, type Topology } from './topologies.js';

/** The timeouts are settings of the role, because PgBouncer does not forward the settings of a connection. */
const ROLE_TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
const ROLE_TIMEOUT_MS = 5_000;

/** The ads of the players. The first ads get far more events than the last ones. */
export const AD_IDS: readonly string[] = Array.from({ length: 12 }, (_, index) => `chaos-${index + 1}`);

/** The limit for events of ads that cannot be looked up. It is low, so that a round can reach it. */
export const UNVERIFIED_PER_MINUTE = 300;

/** Clicks per hour are low, so that the busiest viewers exceed them within two rounds. */
export const GATE = { doubleClickMs: 1_000, floodPerHour: 10 };

/** Two ingests, two consumers and one analytics, with a separate network from each process to each server. */
export class ChaosStack extends Environment<ChaosServers> {
  /** The names by which services reach single servers. */
  readonly names: Names;
  readonly #topology: Topology;

  /** @param parent the folder in which a folder for data and logs is created */
  constructor(parent: string, topology: Topology) {
    const folder = join(parent, topology.name);
    super({
      folder,
      adIds: AD_IDS,
      openServers: topology.open,
      env: {
        TRUST_PROXY: 'loopback',
        ...UNLIMITED,
        UNVERIFIED_EVENTS_PER_MINUTE: String(UNVERIFIED_PER_MINUTE),
        IVT_DOUBLE_CLICK_MS: String(GATE.doubleClickMs),
        IVT_FLOOD_PER_HOUR: String(GATE.floodPerHour),
        NATS_STREAM_MAX_BYTES: String(STREAM_BYTES.events),
        NATS_DEAD_LETTERS_MAX_BYTES: String(STREAM_BYTES.deadLetters),
        // A short ack wait causes more redeliveries in a round.
        NATS_ACK_WAIT_SECONDS: '5',
      },
    });
    this.names = openNames(join(folder, 'names'));
    this.#topology = topology;
  }

  async start(): Promise<void> {
    await step(`${this.#topology.title}; tables`, () => this.startServers());
    await step('two ingests, two consumers, analytics', () => this.startServices(...Object.values(SLOTS).flat()));
    await this.startGateway();
  }

  get postgres(): Dependency {
    return this.servers.networks.postgres;
  }

  /** @throws Error if there is a cluster */
  get redis(): Dependency {
    return this.serverNamed('redis');
  }

  /** @throws Error if there is a cluster */
  get nats(): Dependency {
    return this.serverNamed('nats');
  }

  /** One server, or all servers of the cluster. */
  get natsServers(): readonly Dependency[] {
    return this.servers.networks.nats;
  }

  /** @throws Error for an unknown name */
  serverNamed(name: string): Dependency {
    const found = this.dependencies.find((one) => one.name === name);
    if (found === undefined) throw new Error(`The stack has no server ${name}.`);
    return found;
  }

  /** The parts of the scaled-out layout. @throws Error if the stack has one server of each kind */
  get scaledOut(): ScaledOutServers {
    const { scaledOut } = this.servers.networks;
    if (scaledOut === undefined) throw new Error('This fault needs the scaled-out stack.');
    return scaledOut;
  }

  get dependencies(): readonly Dependency[] {
    return this.servers.dependencies;
  }

  /** Services reach single servers by names whose DNS look-ups can hang. The nodes of clusters announce their own addresses. */
  override startService(...[name, env = {}]: Parameters<Environment['startService']>): Promise<LocalProcess> {
    const byName: Variables =
      this.servers.networks.scaledOut === undefined ? this.names.variables(this.servers.envOf(name)) : {};
    return super.startService(name, { ...byName, ...env });
  }

  /** Restores every process and network that a fault has stopped, cut off or killed. */
  async restore(): Promise<void> {
    await this.servers.networks.scaledOut?.natsRoutes.heal();
    for (const dependency of this.dependencies) {
      dependency.server.resume();
      await dependency.heal();
      if (dependency.server.pid === undefined) await dependency.start();
    }
    for (const slot of this.slots) {
      slot.process.resume();
      if (slot.port === undefined) await slot.start();
    }
  }

  override async end(): Promise<void> {
    await super.end();
    await unmountBelow(this.folder);
  }

  override async prepare(): Promise<void> {
    await super.prepare();
    for (const name of ROLE_TIMEOUTS) {
      await this.admin.database.query(
        `ALTER ROLE ${this.servers.postgres.env.POSTGRES_USER} SET ${name} = ${ROLE_TIMEOUT_MS}`,
      );
    }
  }
}
