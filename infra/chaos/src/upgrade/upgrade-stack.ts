import { Environment, type ServiceSlot, type SlotName, singleServers, UNLIMITED } from '@ads/harness';
import { migrateFrom, projectRoot, type ServiceName, step } from '@ads/local';
import { AD_IDS, GATE } from '../stack/chaos-stack.js';

/** The two versions that run side by side. */
export type Version = 'former' | 'present';

const SLOTS: readonly SlotName[] = ['ingest-1', 'ingest-2', 'consumer-1', 'consumer-2', 'analytics-1', 'analytics-2'];

/** Two processes of each service on one Postgres, Redis and NATS. Each process can change its version. */
export class UpgradeStack extends Environment {
  readonly #roots: Readonly<Record<Version, string>>;
  readonly #versions = new Map<ServiceSlot, Version>();

  /** @param formerRoot the checkout of the former release */
  constructor(folder: string, formerRoot: string) {
    super({
      folder,
      adIds: AD_IDS,
      root: formerRoot,
      openServers: singleServers,
      env: {
        TRUST_PROXY: 'loopback',
        ...UNLIMITED,
        IVT_DOUBLE_CLICK_MS: String(GATE.doubleClickMs),
        IVT_FLOOD_PER_HOUR: String(GATE.floodPerHour),
        NATS_ACK_WAIT_SECONDS: '5',
      },
    });
    this.#roots = { former: formerRoot, present: projectRoot };
  }

  /** Starts everything in the former version, on its schema. */
  async start(): Promise<void> {
    await step('Postgres, Redis, NATS; former tables', () => this.startServers());
    await step('two former ingests, consumers and analytics', () => this.startServices(...SLOTS));
    for (const slot of this.slots) this.#versions.set(slot, 'former');
    await this.startGateway();
  }

  versionOf(slot: ServiceSlot): Version {
    return this.#versions.get(slot) ?? 'former';
  }

  /** The slots of a service that run a version. */
  running(service: ServiceName, version: Version): readonly ServiceSlot[] {
    return this.slotsOf(service).filter((slot) => this.versionOf(slot) === version);
  }

  /** Replaces the process of a slot without an interruption. @returns how the old process ended */
  async change(slot: ServiceSlot, version: Version): ReturnType<ServiceSlot['roll']> {
    const end = await slot.roll(this.#roots[version]);
    this.#versions.set(slot, version);
    return end;
  }

  /** Runs the migrations of a version. @throws Error with their output */
  async migrate(version: Version): Promise<void> {
    await migrateFrom(this.#roots[version], this.servers.postgres.env);
  }
}
