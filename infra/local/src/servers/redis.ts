import { join } from 'node:path';
import type { LocalProcess } from '../processes/local-process.js';
import type { Program } from './executables.js';
import { programServer, type ServerOptions, sends } from './program-server.js';

/** Settings of a local Redis. */
export interface RedisOptions extends ServerOptions {
  /** By default `Redis`. */
  name?: string;
  /** True to keep the data over restarts; by default false, as Redis has only a copy of counts in Postgres. */
  persist?: boolean;
  /** Further settings, as in redis.conf. */
  settings?: Readonly<Record<string, string>>;
  /** The program; by default it is searched for. */
  executable?: Program;
}

/**
 * Creates a Redis, without starting it.
 * @throws Error that names what to install if `redis-server` is not found
 */
export function redisServer(options: RedisOptions): Promise<LocalProcess> {
  const { folder, name = 'Redis', logFile = join(folder, 'redis.log'), persist = false, executable } = options;
  return programServer({
    name,
    program: 'redis-server',
    executable,
    folder,
    logFile,
    port: options.port,
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
        // The eviction of a bucket would lower a count silently.
        'maxmemory-policy': 'noeviction',
        daemonize: 'no',
        ...options.settings,
      };
      return Object.entries(settings).flatMap(([setting, value]) => [`--${setting}`, value]);
    },
    // While it loads a dump Redis answers, but with an error. Another Redis that answers on the port has another folder.
    isReady: (port, place) => sends(port, (text) => text.endsWith(`\r\n${place}\r\n`), 5, 'CONFIG GET dir\r\n'),
  });
}
