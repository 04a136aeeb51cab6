import { join } from 'node:path';
import type { LocalProcess } from '../processes/local-process.js';
import type { Program } from './executables.js';
import { programServer, type ServerOptions, sendsLine } from './program-server.js';

/** Settings of a local Redis. */
export interface RedisOptions extends ServerOptions {
  /** By default `Redis`. */
  name?: string;
  /** Keep the data over restarts. Off: Redis holds only a copy of what Postgres knows. */
  persist?: boolean;
  /** Further settings, as in redis.conf. */
  settings?: Readonly<Record<string, string>>;
  /** The program; by default it is searched for. */
  executable?: Program;
}

/**
 * A Redis of our own, not yet started.
 * @throws Error that says what to install, when there is no `redis-server` to be had.
 */
export function redisServer(options: RedisOptions): Promise<LocalProcess> {
  const { folder, name = 'Redis', logFile = join(folder, 'redis.log'), persist = false, executable } = options;
  return programServer({
    name,
    program: 'redis-server',
    executable,
    folder,
    logFile,
    container: { host: '0.0.0.0', port: 6379, folder: '/data' },
    env: (port) => ({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) }),
    args(place) {
      const settings = {
        bind: place.host,
        port: String(place.port),
        dir: place.folder,
        // Only this machine reaches it: Docker publishes the port of a container on 127.0.0.1.
        'protected-mode': 'no',
        save: persist ? '60 1' : '',
        appendonly: 'no',
        // Evicting a bucket would make a count too small without anybody noticing.
        'maxmemory-policy': 'noeviction',
        daemonize: 'no',
        ...options.settings,
      };
      return Object.entries(settings).flatMap(([setting, value]) => [`--${setting}`, value]);
    },
    // While it loads a dump Redis answers, but with an error.
    isReady: (port) => sendsLine(port, /^\+PONG/, 'PING\r\n'),
  });
}
