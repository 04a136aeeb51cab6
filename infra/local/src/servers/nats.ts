import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import type { LocalProcess } from '../processes/local-process.js';
import { ManagedProcess } from '../processes/managed-process.js';
import { containerCommand } from './docker.js';
import { type Executable, requireExecutable } from './executables.js';

/** Settings of a local NATS server. */
export interface NatsOptions {
  /** Folder for its settings and streams; made when it is missing. */
  folder: string;
  /** A free one unless told. */
  port?: number;
  /** `nats.log` in `folder` unless told. */
  logFile?: string;
  /** Further JetStream settings, such as `{ max_file_store: '10MB' }`. */
  jetstream?: Readonly<Record<string, string>>;
  /** Where the program is; looked for unless told. */
  executable?: Exclude<Executable, { kind: 'missing' }>;
}

/**
 * A NATS server of our own with JetStream on file storage, not yet started.
 * @throws Error that says what to install, when there is no `nats-server` to be had.
 */
export async function natsServer(options: NatsOptions): Promise<LocalProcess> {
  const { folder } = options;
  const port = options.port ?? (await freePort());
  const executable = options.executable ?? (await requireExecutable('nats-server'));
  mkdirSync(folder, { recursive: true });
  const inContainer = executable.kind === 'docker';
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
  return new ManagedProcess({
    name: 'NATS',
    port,
    env: { NATS_URL: `nats://127.0.0.1:${port}` },
    logFile: options.logFile ?? join(folder, 'nats.log'),
    launch: async () => {
      const jetstream = Object.entries(options.jetstream ?? {}).map(([k, v]) => `  ${k}: ${v}\n`);
      writeFileSync(
        configFile,
        `# Written at each start.
listen: "${inContainer ? '0.0.0.0:4222' : `127.0.0.1:${port}`}"
jetstream {
  store_dir: ${JSON.stringify(inContainer ? '/nats' : folder)}
${jetstream.join('')}}
`,
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
