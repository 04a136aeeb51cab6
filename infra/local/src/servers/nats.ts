import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalProcess } from '../processes/local-process.js';
import type { Program } from './executables.js';
import { programServer, type ServerOptions, sends } from './program-server.js';

/** Settings of a local NATS server. */
export interface NatsOptions extends ServerOptions {
  /** JetStream settings in addition to ours or in place of them, such as `{ max_file_store: '10MB' }`. */
  jetstream?: Readonly<Record<string, string>>;
  /** Further lines of the server's settings, such as its users. */
  settings?: string;
  /** The place of the server in a cluster; by default none. */
  cluster?: NatsClusterPlace;
  /** The program; by default it is searched for. */
  executable?: Program;
}

/**
 * The size limit of all streams of a server. By default a server uses 75 % of the disk space that is free when it starts, and
 * after a restart with a large backlog refuses its own streams (10047).
 */
const JETSTREAM = { max_file_store: '8GiB' };

/** The place of one server in a cluster. All ports are on 127.0.0.1. */
export interface NatsClusterPlace {
  /** The name of the server: `nats-1`. */
  name: string;
  /** The port for the other servers. */
  port: number;
  /** The port of its HTTP monitoring. */
  monitorPort: number;
  /** The ports at which it reaches the other servers. */
  routes: readonly number[];
  /** Password that all servers of the cluster share; letters and digits only. */
  password: string;
}

/**
 * Creates a NATS server with JetStream on file storage, without starting it.
 * @throws Error that names what to install if `nats-server` is not found
 */
export function natsServer(options: NatsOptions): Promise<LocalProcess> {
  const { folder, logFile = join(folder, 'nats.log'), cluster, settings = '', executable } = options;
  // Another server that answers on the port has another name.
  const name = cluster?.name ?? `ads-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  const jetstream = Object.entries({ ...JETSTREAM, ...options.jetstream }).map(([k, v]) => `  ${k}: ${v}\n`);
  return programServer({
    name: cluster?.name ?? 'NATS',
    program: 'nats-server',
    executable,
    folder,
    logFile,
    port: options.port,
    container: { host: '0.0.0.0', port: 4222, folder: '/nats' },
    env: (port) => ({ NATS_URL: `nats://127.0.0.1:${port}` }),
    args(place) {
      writeFileSync(
        join(folder, 'nats.conf'),
        `# Written at each start.
server_name: ${name}
listen: "${place.host}:${place.port}"
jetstream {
  store_dir: ${JSON.stringify(place.folder)}
${jetstream.join('')}}
${settings}
${cluster === undefined ? '' : clusterSettings(cluster)}`,
      );
      return ['--config', join(place.folder, 'nats.conf')];
    },
    // A NATS server sends an INFO line at once.
    isReady: (port) =>
      sends(port, (info) => info.includes('"jetstream":true') && info.includes(`"server_name":"${name}"`)),
  });
}

function clusterSettings({ port, monitorPort, routes, password }: NatsClusterPlace): string {
  return `http: "127.0.0.1:${monitorPort}"
cluster {
  name: local
  listen: "127.0.0.1:${port}"
  # A server that joins can read and write every subject.
  authorization { user: cluster, password: ${password}, timeout: 3 }
  # Servers must use only their given routes, so they advertise an address without a listener.
  advertise: "127.0.0.1:1"
  # Clients must use only their given addresses too.
  no_advertise: true
  # One route between two servers. With the pool of routes that is usual since 2.10, two that look for each other at the
  # same time may go on for minutes closing, as duplicates, routes that the other one keeps.
  pool_size: -1
  routes: [${routes.map((route) => `"nats://cluster:${password}@127.0.0.1:${route}"`).join(', ')}]
}
`;
}
