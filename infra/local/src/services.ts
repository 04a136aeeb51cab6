import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { LocalProcess } from './processes/local-process.js';
import { localFolder, projectRoot } from './project.js';
import { SERVICES, type ServiceName } from './service-table.js';

/**
 * The file that Node runs for a service.
 * @param root the checkout of the service; by default this one. Releases before bundles run the compiled file
 */
export function serviceMain(name: ServiceName, root = projectRoot): string {
  const bundled = join(root, SERVICES[name].main);
  const compiled = bundled.replace('/bundle/', '/dist/');
  return root !== projectRoot && !existsSync(bundled) ? compiled : bundled;
}

/** Settings of a program that runs on Node. */
export interface ProgramOptions {
  /** Names the process, its log file and its address in `env`. */
  name: string;
  /** The file that Node runs. */
  main: string;
  /**
   * Its variables, which override those of this process: the `env` of its servers, and any others.
   * Undefined removes one. HTTP_HOST and HTTP_PORT are set here.
   */
  env: Readonly<Record<string, string | undefined>>;
  /** Folder for its logs; by default `.local/logs`. */
  logFolder?: string;
  /** Arguments for Node itself, such as `--inspect`. */
  nodeArgs?: readonly string[];
  /** The checkout that the program belongs to, its working directory; by default this one. */
  root?: string;
}

/** Settings of one of our services. */
export interface ServiceOptions extends Omit<ProgramOptions, 'name' | 'main'> {
  name: ServiceName;
}

/** Creates the process of a service, without starting it. Its `env` contains its address, as in `INGEST_URL`. */
export function serviceProcess(options: ServiceOptions): Promise<LocalProcess> {
  // The heap limit of its container, without which V8 sometimes keeps 70 MB of garbage.
  // The number of libuv threads of its image, which Node reads once at the start.
  const { NODE_OPTIONS = '--max-old-space-size=128', UV_THREADPOOL_SIZE = '16' } = process.env;
  return programProcess({
    ...options,
    env: { NODE_OPTIONS, UV_THREADPOOL_SIZE, ...options.env },
    main: serviceMain(options.name, options.root),
  });
}

/**
 * Creates the process of any program that serves HTTP at `HTTP_HOST` and `HTTP_PORT`, without starting it. The process is ready
 * when `GET /ready` answers 200.
 */
export async function programProcess(options: ProgramOptions): Promise<LocalProcess> {
  const { name, main, nodeArgs = [], root = projectRoot } = options;
  const port = await freePort();
  const logFolder = options.logFolder ?? join(localFolder, 'logs');
  const url = `http://127.0.0.1:${port}`;
  return new LocalProcess({
    name,
    port,
    env: { [`${name.toUpperCase()}_URL`]: url },
    logFile: join(logFolder, `${name}.log`),
    launch: async () => {
      if (!existsSync(main)) throw new Error(`${main} is missing. Build it with: npm run build`);
      return {
        command: process.execPath,
        args: [...nodeArgs, main],
        cwd: root,
        env: {
          ...process.env,
          ...options.env,
          HTTP_HOST: '127.0.0.1',
          HTTP_PORT: String(port),
        },
      };
    },
    isReady: async () => {
      const answer = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      return answer.status === 200;
    },
    // Longer than the timeout of the service itself (SHUTDOWN_GRACE_SECONDS, by default 25).
    stopTimeoutMs: 30_000,
  });
}
