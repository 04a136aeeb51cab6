import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, seedSampleAds, type Variables } from '../database.js';
import { type Gateway, openGateway } from '../gateway/gateway.js';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { localFolder } from '../project.js';
import { type Executable, findExecutables, type ServerProgram } from '../servers/executables.js';
import { natsServer } from '../servers/nats.js';
import { postgresServer } from '../servers/postgres.js';
import { redisServer } from '../servers/redis.js';
import { SERVICE_NAMES, type ServiceName } from '../service-table.js';
import { serviceProcess } from '../services.js';
import { openLogFolder } from './log-folder.js';
import { keepNatsAddress } from './nats-address.js';
import { step } from './progress.js';
import { queueRoom } from './queue-room.js';
import type { Settings } from './settings.js';
import type { Summary } from './summary.js';
import { supervise } from './supervise.js';

/** Thrown by a start that is stopped before it is complete. */
export class Stopped extends Error {}

/** The whole tracker on this machine: servers, services, and the gateway in front of them. */
export class Stack {
  readonly #settings: Settings;
  readonly #servers: LocalProcess[] = [];
  readonly #services = new Map<ServiceName, LocalProcess>();
  readonly #addresses: [string, string][] = [];
  readonly #degraded: string[] = [];
  #gateway: Gateway | undefined;
  #forgetNatsAddress = (): void => undefined;
  #serving = false;
  #stopping = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /**
   * Takes the public address. Done first, so that a port in use is reported before anything is
   * started; until the services are ready it answers 503.
   */
  async listen(): Promise<void> {
    const { host, port } = this.#settings;
    this.#gateway = await openGateway({
      host,
      port,
      portOf: (upstream) => (this.#serving ? this.#services.get(upstream)?.port : undefined),
    });
  }

  /** Starts everything that is not running elsewhere, and waits until all of it answers. */
  async start(): Promise<Summary> {
    const { fresh } = this.#settings;
    const dataFolder = join(localFolder, 'data');
    if (fresh) {
      await step('empty data', async () => rmSync(dataFolder, { recursive: true, force: true }));
    }
    const logFolder = openLogFolder();
    const [database, brokers] = await Promise.all([
      this.#startDatabase(dataFolder, logFolder),
      this.#startBrokers(dataFolder, logFolder),
    ]);
    const env = { ...database, ...brokers };
    await Promise.all(SERVICE_NAMES.map((name) => this.#startService(name, env, logFolder)));
    this.#serving = true;
    return {
      url: this.#url(),
      addresses: this.#addresses,
      degraded: this.#degraded,
    };
  }

  /** Stops everything in order: a process stops after those that depend on it. May be called during `start`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#forgetNatsAddress();
    await this.#gateway?.close();
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Ends everything at once. */
  async kill(): Promise<void> {
    this.#stopping = true;
    this.#forgetNatsAddress();
    await Promise.all([...this.#services.values(), ...this.#servers].map((one) => one.kill()));
  }

  async #startDatabase(dataFolder: string, logFolder: string): Promise<Variables> {
    const { variables } = this.#settings;
    const database: Variables =
      variables.POSTGRES_HOST === undefined
        ? await step('Postgres', async () => {
            const server = await postgresServer({
              folder: join(dataFolder, 'postgres'),
              logFile: join(logFolder, 'postgres.log'),
            });
            await this.#startServer(server);
            return { ...without(variables, /^POSTGRES_(PORT|USER|PASSWORD|PASSWORD_FILE|DB)$/), ...server.env };
          })
        : variables;
    this.#addAddress('Postgres', `${database.POSTGRES_HOST}:${database.POSTGRES_PORT ?? 5432}`);
    const env = { ...variables, ...database };
    await step('migrate', () => migrate(env));
    await step('sample ads', () => seedSampleAds(env));
    return env;
  }

  async #startBrokers(dataFolder: string, logFolder: string): Promise<Variables> {
    const { variables } = this.#settings;
    const wanted: ServerProgram[] = [];
    if ((variables.REDIS_CLUSTER_NODES ?? variables.REDIS_HOST) === undefined) wanted.push('redis-server');
    if (variables.NATS_URL === undefined && variables.NATS_URL_FILE === undefined) wanted.push('nats-server');
    const found = wanted.length === 0 ? undefined : await step('find Redis and NATS', () => findExecutables(wanted));
    const redis = found?.['redis-server'];
    const nats = found?.['nats-server'];
    const room = queueRoom(variables);
    const [redisEnv, natsEnv] = await Promise.all([
      this.#startBroker('Redis', redis, {
        make: (executable) =>
          redisServer({
            folder: join(dataFolder, 'redis'),
            logFile: join(logFolder, 'redis.log'),
            executable,
          }),
        address: (port) => ({
          ...without(variables, /^REDIS_(PASSWORD|PASSWORD_FILE|DB)$/),
          REDIS_HOST: '127.0.0.1',
          REDIS_PORT: String(port),
        }),
        without: 'Analytics reads Postgres: exact, but slower.',
      }),
      this.#startBroker('NATS', nats, {
        make: (executable) =>
          natsServer({
            folder: join(dataFolder, 'nats'),
            logFile: join(logFolder, 'nats.log'),
            jetstream: room.jetstream,
            executable,
          }),
        address: (port) => ({ ...room.env, NATS_URL: `nats://127.0.0.1:${port}` }),
        without: 'Events are written to Postgres directly: exact, but slower.',
      }),
    ]);
    if (redis === undefined) {
      this.#addAddress(
        'Redis',
        variables.REDIS_CLUSTER_NODES ?? `${variables.REDIS_HOST}:${variables.REDIS_PORT ?? 6379}`,
      );
    }
    if (nats !== undefined && natsEnv.NATS_URL !== undefined) {
      this.#forgetNatsAddress = keepNatsAddress(natsEnv.NATS_URL);
    }
    if (nats === undefined) this.#addAddress('NATS', withoutPassword(variables.NATS_URL ?? 'from NATS_URL_FILE'));
    return { ...redisEnv, ...natsEnv };
  }

  async #startBroker(
    name: string,
    executable: Executable | undefined,
    broker: {
      make: (executable: Exclude<Executable, { kind: 'missing' }>) => Promise<LocalProcess>;
      /** Variables that point to this port, and that hide addresses the user set for other servers. */
      address: (port: number) => Variables;
      /** One sentence: how the tracker works without this broker. */
      without: string;
    },
  ): Promise<Variables> {
    if (executable === undefined) return {};
    if (executable.kind === 'missing') {
      // Nothing listens on this port: the services find the server unavailable and work without it.
      this.#degraded.push(`Running without ${name}: ${executable.reason} ${broker.without}`);
      return broker.address(await freePort());
    }
    return await step(name, async () => {
      const server = await broker.make(executable);
      await this.#startServer(server);
      this.#addAddress(name, `${server.host}:${server.port}`);
      return broker.address(server.port);
    });
  }

  async #startServer(server: LocalProcess): Promise<void> {
    this.#servers.push(server);
    await this.#startUnlessStopping(server);
  }

  async #startService(name: ServiceName, env: Variables, logFolder: string): Promise<void> {
    await step(name, async () => {
      const service = await serviceProcess({
        name,
        env: { TRUST_PROXY: 'loopback', ...env },
        logFolder,
      });
      this.#services.set(name, service);
      await this.#startUnlessStopping(service);
      this.#addAddress(name, `http://${service.host}:${service.port}`);
    });
  }

  async #startUnlessStopping(one: LocalProcess): Promise<void> {
    if (this.#stopping) throw new Stopped();
    await one.start();
    if (this.#stopping) throw new Stopped();
    supervise(one, () => this.#stopping);
  }

  #addAddress(name: string, address: string): void {
    this.#addresses.push([name, address]);
  }

  #url(): string {
    const { host } = this.#settings;
    const everywhere = ['127.0.0.1', '0.0.0.0', '::', 'localhost'];
    return `http://${everywhere.includes(host) ? 'localhost' : host}:${this.#gateway?.port}`;
  }
}

/** Removes variables: undefined also hides those of this process. */
function without(variables: Variables, names: RegExp): Variables {
  const hidden = Object.keys(variables).filter((name) => names.test(name));
  return Object.fromEntries(hidden.map((name) => [name, undefined]));
}

function withoutPassword(url: string): string {
  return url.replaceAll(/\/\/[^@/]*@/g, '//');
}
