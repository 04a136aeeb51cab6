import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { containerCommand } from './docker.js';
import { type Executable, requireExecutable } from './executables.js';

/** Settings of a local NATS server. */
export interface NatsOptions {
  /** Folder for its settings and streams; made when it is missing. */
  folder: string;
  /** By default a free one. */
  port?: number;
  /** By default `nats.log` in `folder`. */
  logFile?: string;
  /** Further JetStream settings, or others in place of ours, such as `{ max_file_store: '10MB' }`. */
  jetstream?: Readonly<Record<string, string>>;
  /** Further lines of its settings, such as its users. */
  settings?: string;
  /** Its place in a cluster; by default it is alone. */
  cluster?: NatsClusterPlace;
  /** The program; by default it is searched for. */
  executable?: Exclude<Executable, { kind: 'missing' }>;
}

/**
 * The room for all streams of a server. Without it a server takes 75 % of the space that is free when it starts, and
 * after a restart with a large backlog refuses its own streams (10047).
 */
const JETSTREAM = { max_file_store: '8GiB' };

/** The place of one server in a cluster. All ports are on 127.0.0.1. */
export interface NatsClusterPlace {
  /** The name of the server: `nats-1`. */
  name: string;
  /** Where the others reach it. */
  port: number;
  /** Where it answers questions about its state, by HTTP. */
  monitorPort: number;
  /** Where it reaches each of the others. */
  routes: readonly number[];
  /** Password that all servers of the cluster share; letters and digits only. */
  password: string;
}

/**
 * A NATS server of our own with JetStream on file storage, not yet started.
 * @throws Error that says what to install, when there is no `nats-server` to be had.
 */
export async function natsServer(options: NatsOptions): Promise<LocalProcess> {
  const { folder, cluster } = options;
  const port = options.port ?? (await freePort());
  const executable = options.executable ?? (await requireExecutable('nats-server'));
  mkdirSync(folder, { recursive: true });
  const inContainer = executable.kind === 'docker';
  if (inContainer && cluster !== undefined) {
    throw new Error('Servers of a NATS cluster can not reach each other in containers of ours: install nats-server.');
  }
  const configFile = join(folder, 'nats.conf');
  const container = inContainer
    ? containerCommand({
        image: executable.image,
        port,
        containerPort: 4222,
        volume: { folder, at: '/nats' },
        args: ['--config', '/nats/nats.conf'],
      })
    : undefined;
  return new LocalProcess({
    name: cluster?.name ?? 'NATS',
    port,
    env: { NATS_URL: `nats://127.0.0.1:${port}` },
    logFile: options.logFile ?? join(folder, 'nats.log'),
    launch: async () => {
      const jetstream = Object.entries({ ...JETSTREAM, ...options.jetstream }).map(([k, v]) => `  ${k}: ${v}\n`);
      writeFileSync(
        configFile,
        `# Written at each start.
listen: "${inContainer ? '0.0.0.0:4222' : `127.0.0.1:${port}`}"
jetstream {
  store_dir: ${JSON.stringify(inContainer ? '/nats' : folder)}
${jetstream.join('')}}
${options.settings ?? ''}
${cluster === undefined ? '' : clusterSettings(cluster)}`,
      );
      return executable.kind === 'binary'
        ? {
            command: executable.path,
            args: ['--config', configFile],
            env: { ...process.env, ...executable.env },
          }
        : (container as NonNullable<typeof container>).launch;
    },
    ...(container === undefined ? {} : { deliver: container.deliver, readyTimeoutMs: 120_000 }),
    isReady: () => greetsWithJetStream(port),
  });
}

function clusterSettings({ name, port, monitorPort, routes, password }: NatsClusterPlace): string {
  return `server_name: ${name}
http: "127.0.0.1:${monitorPort}"
cluster {
  name: local
  listen: "127.0.0.1:${port}"
  # A server that joins can read and write every subject.
  authorization { user: cluster, password: ${password}, timeout: 3 }
  # A server that hears of another from a third must not go round the given route to it: nobody listens here.
  advertise: "127.0.0.1:1"
  # Nor may clients hear of addresses other than those that they were given.
  no_advertise: true
  # One route between two servers. With the pool of routes that is usual since 2.10, two that look for each other at the
  # same time may go on for minutes closing, as duplicates, routes that the other one keeps.
  pool_size: -1
  routes: [${routes.map((route) => `"nats://cluster:${password}@127.0.0.1:${route}"`).join(', ')}]
}
`;
}

/** A NATS server speaks first: one INFO line that says what it can do. */
function greetsWithJetStream(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
    let greeting = '';
    const finish = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.on('data', (chunk) => {
      greeting += chunk.toString();
      if (greeting.includes('\r\n')) finish(greeting.includes('"jetstream":true'));
    });
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
