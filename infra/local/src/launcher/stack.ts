import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeStartingPage } from '../../starting-page.mjs';
import { finishRestore } from '../backup/restore-backup.js';
import { migrate, SAMPLE_ADS, type Variables } from '../database.js';
import { deleteHalfDemo, makeHistory, openLiveViewers } from '../demo/demo.js';
import { type Gateway, openGateway } from '../gateway/gateway.js';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { localFolder, runFolder } from '../project.js';
import { type Executable, findExecutables, type Program, type ServerProgram } from '../servers/executables.js';
import { natsServer } from '../servers/nats.js';
import { postgresServer } from '../servers/postgres.js';
import { redisServer } from '../servers/redis.js';
import { SERVICE_NAMES, type ServiceName } from '../service-table.js';
import { serviceProcess } from '../services.js';
import { adminKey } from './admin-key.js';
import { keptPort } from './kept-ports.js';
import { lanUrl, localUrl } from './lan-url.js';
import { openLogFolder } from './log-folder.js';
import { ownServer, withoutConnection } from './own-servers.js';
import { step } from './progress.js';
import { queueRoom } from './queue-room.js';
import { type LocalServers, removeServerFile, writeServerFile } from './server-file.js';
import type { Settings } from './settings.js';
import type { Summary } from './summary.js';
import { supervise } from './supervise.js';
import { watchStack } from './watch.js';

/** `npm run ads` reads the address of the API from this file. */
const API_ADDRESS_FILE = join(runFolder, 'api-url');

/** An optional server: without it the tracker works, but slower. */
interface Broker {
  readonly name: 'Redis' | 'NATS';
  readonly program: ServerProgram;
  /** The address of a server of the user; undefined if one is started here. */
  readonly elsewhere: string | undefined;
  readonly make: (executable: Program, port: number) => Promise<LocalProcess>;
  /** Variables that point to this port, and that override the user's addresses of other servers. */
  readonly address: (port: number) => Variables;
  /** A sentence that says how the tracker works without the server. */
  readonly degraded: string;
}

/** The whole tracker on this machine: servers, services, and the gateway in front of them. */
export class Stack {
  readonly #settings: Settings;
  readonly #servers: LocalProcess[] = [];
  readonly #services = new Map<ServiceName, LocalProcess>();
  readonly #addresses: [string, string][] = [];
  readonly #degraded: string[] = [];
  readonly #local: LocalServers = {};
  #gateway: Gateway | undefined;
  #logFolder = '';
  #key: string | undefined;
  #endWatch = (): void => undefined;
  readonly #demoEnded = new AbortController();
  #serving = false;
  #stopping = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /**
   * Listens on the public address. This comes first, so that a port in use is reported before anything is
   * started; until the services are ready it answers 503.
   */
  async listen(): Promise<void> {
    const { host, port } = this.#settings;
    await closeStartingPage();
    this.#gateway = await openGateway({
      host,
      port,
      portOf: (upstream) => (this.#serving ? this.#services.get(upstream)?.port : undefined),
    });
  }

  /** Starts every server and service that does not run elsewhere, and waits until all of them answer. */
  async start(): Promise<Summary> {
    const { fresh, demo, noDemo } = this.#settings;
    const demoFolder = join(localFolder, 'demo-data');
    const dataFolder = demo ? demoFolder : join(localFolder, 'data');
    finishRestore(dataFolder);
    if (noDemo) await step('delete the demo', async () => rmSync(demoFolder, { recursive: true, force: true }));
    if (fresh) {
      await step('delete the data', async () => rmSync(dataFolder, { recursive: true, force: true }));
    }
    if (demo) deleteHalfDemo(demoFolder);
    const logFolder = openLogFolder();
    const [database, brokers] = await Promise.all([
      this.#startDatabase(dataFolder, logFolder),
      this.#startBrokers(dataFolder, logFolder),
    ]);
    const key = adminKey(this.#settings.variables);
    const lan = lanUrl(this.#settings.host, this.#gateway?.port);
    const env = {
      // If other devices can reach this machine, the tags work there too.
      PUBLIC_URL: lan?.isOpen === true ? lan.url : this.#url(),
      ...database,
      ...brokers,
      ...key.env,
      // The demo reports a week of events in seconds.
      ...(demo ? { RATE_LIMIT_EVENTS_PER_MINUTE: '0' } : {}),
    };
    await Promise.all(SERVICE_NAMES.map((name) => this.#startService(name, env, logFolder)));
    this.#serving = true;
    this.#logFolder = logFolder;
    this.#key = key.made ?? this.#settings.variables.ADMIN_API_KEY;
    if (demo) await this.#startDemo(dataFolder);
    writeFileSync(API_ADDRESS_FILE, this.#url());
    writeServerFile(this.#local);
    return {
      url: this.#url(),
      lanUrl: lan,
      tagsUrl: env.PUBLIC_URL,
      addresses: this.#addresses,
      key: key.made,
      degraded: this.#degraded,
      demo,
    };
  }

  /** Prints problems and the load, from the end of the start until the stop. */
  watch(): void {
    const urls = new Map([...this.#services].map(([name, { host, port }]) => [name, `http://${host}:${port}`]));
    this.#endWatch = watchStack({ urls, key: this.#key, logFolder: this.#logFolder });
  }

  /** Stops everything in order: a process stops after the processes that depend on it. May be called during `start`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endWatch();
    this.#demoEnded.abort();
    removeAddresses();
    await this.#gateway?.close();
    await Promise.all([...this.#services.values()].map((service) => service.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Kills all processes immediately. */
  async kill(): Promise<void> {
    this.#stopping = true;
    removeAddresses();
    await Promise.all([...this.#services.values(), ...this.#servers].map((one) => one.kill()));
  }

  async #startDemo(folder: string): Promise<void> {
    const { MAX_EVENT_AGE_DAYS: maxAge } = this.#settings.variables;
    const target = {
      url: `http://127.0.0.1:${this.#services.get('ingest')?.port}`,
      key: this.#key,
      folder,
      maxAgeDays: maxAge === undefined ? undefined : Number(maxAge),
    };
    await step('report a week of the demo', (note) =>
      makeHistory(target, (events) => note(`${events.toLocaleString('en')} events`)),
    );
    openLiveViewers(target, this.#demoEnded.signal);
  }

  async #startDatabase(dataFolder: string, logFolder: string): Promise<Variables> {
    const { variables } = this.#settings;
    const own = ownServer('Postgres', variables);
    const database: Variables =
      own === undefined
        ? await step('start Postgres', async (note) => {
            const folder = join(dataFolder, 'postgres');
            if (!existsSync(folder)) note('new data folder, 50 MB');
            const port = await keptPort('Postgres');
            const server = await postgresServer({ folder, logFile: join(logFolder, 'postgres.log'), port });
            await this.#startServer(server);
            this.#local.postgres = server.env;
            return { ...withoutConnection('Postgres', variables), ...server.env };
          })
        : variables;
    this.#addAddress('Postgres', own ?? `${database.POSTGRES_HOST}:${database.POSTGRES_PORT}`);
    const env = { ...variables, ...database };
    await step('create or update the tables, and add the sample ads', () => migrate(env, SAMPLE_ADS));
    return env;
  }

  async #startBrokers(dataFolder: string, logFolder: string): Promise<Variables> {
    const { variables } = this.#settings;
    const { env: roomEnv, jetstream } = queueRoom(variables);
    const places = (name: string) => ({ folder: join(dataFolder, name), logFile: join(logFolder, `${name}.log`) });
    const redis: Broker = {
      name: 'Redis',
      program: 'redis-server',
      elsewhere: ownServer('Redis', variables),
      make: (executable, port) => redisServer({ ...places('redis'), executable, port }),
      address: (port) => ({
        ...withoutConnection('Redis', variables),
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(port),
      }),
      degraded: 'Analytics reads Postgres: exact, but slower.',
    };
    const nats: Broker = {
      name: 'NATS',
      program: 'nats-server',
      elsewhere: ownServer('NATS', variables),
      make: (executable, port) => natsServer({ ...places('nats'), jetstream, executable, port }),
      address: (port) => ({
        ...withoutConnection('NATS', variables),
        ...roomEnv,
        NATS_URL: `nats://127.0.0.1:${port}`,
      }),
      degraded: 'Events are written to Postgres directly: exact, but slower.',
    };
    const missing = [redis, nats].filter(({ elsewhere }) => elsewhere === undefined).map(({ program }) => program);
    const find = (note: (text: string) => void) =>
      findExecutables(missing, (absent) => note(`${absent.join(', ')}: from Debian packages`));
    const found = missing.length === 0 ? undefined : await step('find Redis and NATS', find);
    const [redisEnv, natsEnv] = await Promise.all(
      [redis, nats].map((broker) => this.#startBroker(broker, found?.[broker.program])),
    );
    if (natsEnv?.NATS_URL !== undefined) this.#local.nats = { NATS_URL: natsEnv.NATS_URL };
    return { ...redisEnv, ...natsEnv };
  }

  async #startBroker(broker: Broker, executable: Executable | undefined): Promise<Variables> {
    const { name, elsewhere, make, address, degraded } = broker;
    if (executable === undefined) {
      this.#addAddress(name, String(elsewhere));
      return {};
    }
    if (executable.kind === 'missing') {
      // No process listens on this port, so the services work without the server.
      this.#degraded.push(`Running without ${name}: ${executable.reason} ${degraded}`);
      return address(await freePort());
    }
    return await step(`start ${name}`, async () => {
      const server = await make(executable, await keptPort(name));
      await this.#startServer(server);
      this.#addAddress(name, `${server.host}:${server.port}`);
      return address(server.port);
    });
  }

  async #startServer(server: LocalProcess): Promise<void> {
    this.#servers.push(server);
    await this.#startUnlessStopping(server);
  }

  async #startService(name: ServiceName, env: Variables, logFolder: string): Promise<void> {
    await step(`start ${name}`, async () => {
      const service = await serviceProcess({
        name, // The launcher and npm run logs read the lines.
        env: { TRUST_PROXY: 'loopback', ...env, LOG_FORMAT: 'json' },
        logFolder,
      });
      this.#services.set(name, service);
      await this.#startUnlessStopping(service);
      this.#addAddress(name, `http://${service.host}:${service.port}`);
    });
  }

  async #startUnlessStopping(one: LocalProcess): Promise<void> {
    this.#throwIfStopping();
    await one.start();
    this.#throwIfStopping();
    supervise(one, () => this.#stopping);
  }

  #throwIfStopping(): void {
    if (this.#stopping) throw new Error('Stopped before all processes were started.');
  }

  #addAddress(name: string, address: string): void {
    this.#addresses.push([name, address]);
  }

  #url(): string {
    return localUrl(this.#settings.host, this.#gateway?.port);
  }
}

function removeAddresses(): void {
  rmSync(API_ADDRESS_FILE, { force: true });
  removeServerFile();
}
