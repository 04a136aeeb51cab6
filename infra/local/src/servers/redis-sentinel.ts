import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalProcess } from '../processes/local-process.js';
import { programServer, sends } from './program-server.js';

/** Settings of a local Sentinel. */
export interface RedisSentinelOptions {
  folder: string;
  /** The port of the primary, which is called `mymaster`. */
  primaryPort: number;
  /** Further lines of its settings, such as its password. */
  settings?: string;
}

/**
 * Creates a Sentinel of a Redis on this machine, without starting it. It decides alone.
 * @throws Error that names what to install if `redis-server` is not found
 */
export function redisSentinel({ folder, primaryPort, settings = '' }: RedisSentinelOptions): Promise<LocalProcess> {
  return programServer({
    name: 'Redis Sentinel',
    program: 'redis-server',
    executable: undefined,
    folder,
    logFile: join(folder, 'sentinel.log'),
    container: { host: '0.0.0.0', port: 26_379, folder: '/data' },
    env: (port) => ({ REDIS_SENTINELS: `127.0.0.1:${port}` }),
    args(place) {
      // A Sentinel writes its state into this file.
      writeFileSync(
        join(folder, 'sentinel.conf'),
        `bind ${place.host}
port ${place.port}
dir "${place.folder}"
protected-mode no
sentinel monitor mymaster 127.0.0.1 ${primaryPort} 1
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 3000
${settings}
`,
      );
      return [join(place.folder, 'sentinel.conf'), '--sentinel'];
    },
    isReady: (port) => sends(port, (text) => /^(\+PONG|-NOAUTH)/.test(text), 1, 'PING\r\n'),
  });
}
