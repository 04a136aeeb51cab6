import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { containerCommand } from './docker.js';
import { type Executable, requireExecutable } from './executables.js';

/** Settings of a local Redis. */
export interface RedisOptions {
  /** By default `Redis`. */
  name?: string;
  /** Folder for its data; made when it is missing. */
  folder: string;
  /** By default a free one. */
  port?: number;
  /** By default `redis.log` in `folder`. */
  logFile?: string;
  /** Keep the data over restarts. Off: Redis holds only a copy of what Postgres knows. */
  persist?: boolean;
  /** Further settings, as in redis.conf. */
  settings?: Readonly<Record<string, string>>;
  /** The program; by default it is searched for. */
  executable?: Exclude<Executable, { kind: 'missing' }>;
}

/**
 * A Redis of our own, not yet started.
 * @throws Error that says what to install, when there is no `redis-server` to be had.
 */
export async function redisServer(options: RedisOptions): Promise<LocalProcess> {
  const { folder, persist = false, settings = {} } = options;
  const port = options.port ?? (await freePort());
  const executable = options.executable ?? (await requireExecutable('redis-server'));
  mkdirSync(folder, { recursive: true });
  const shared = {
    save: persist ? '60 1' : '',
    appendonly: 'no',
    // Evicting a bucket would make a count too small without anybody noticing.
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    ...settings,
  };
  const container =
    executable.kind === 'docker'
      ? containerCommand({
          image: executable.image,
          port,
          containerPort: 6379,
          volume: { folder, at: '/data' },
          // Its own port is open inside the container only; Docker publishes it on 127.0.0.1.
          args: ['redis-server', ...flags({ ...shared, 'protected-mode': 'no', dir: '/data' })],
        })
      : undefined;
  return new LocalProcess({
    name: options.name ?? 'Redis',
    port,
    env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) },
    logFile: options.logFile ?? join(folder, 'redis.log'),
    launch: async () =>
      executable.kind === 'binary'
        ? {
            command: executable.path,
            args: flags({ ...shared, bind: '127.0.0.1', port: String(port), dir: folder }),
            env: { ...process.env, ...executable.env },
          }
        : (container as NonNullable<typeof container>).launch,
    ...(container === undefined ? {} : { deliver: container.deliver, readyTimeoutMs: 120_000 }),
    isReady: () => answersPing(port),
  });
}

function flags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** While it loads a dump Redis answers, but with an error: then it is not ready. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
    const finish = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => finish(answer.toString().startsWith('+PONG')));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
