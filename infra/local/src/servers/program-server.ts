import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { createConnection } from 'node:net';
import { freePort } from '../ports.js';
import { LocalProcess } from '../processes/local-process.js';
import { type Program, requireExecutable, type ServerProgram } from './executables.js';

/** The settings that every kind of server has. */
export interface ServerOptions {
  /** Folder for its data and settings; created if it is missing. */
  folder: string;
  /** The log file; by default in `folder`. */
  logFile?: string;
  /** By default a free one. */
  port?: number | undefined;
}

/** The address and the folder of a server, from its own point of view: in a container they differ from ours. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
}

/** The differences between the servers that run as a program of this machine or in a container. */
export interface ProgramServer extends Required<Omit<ServerOptions, 'port'>>, Pick<ServerOptions, 'port'> {
  name: string;
  program: ServerProgram;
  /** The program; by default it is searched for. */
  executable: Program | undefined;
  /** The address and the folder of the server in a container. */
  container: Place;
  env: (port: number) => Readonly<Record<string, string>>;
  /** Called at each start; may write its settings. */
  args: (place: Place) => readonly string[];
  /** Returns true if this server answers. @param folder its data folder from its own point of view, without links */
  isReady: (port: number, folder: string) => Promise<boolean>;
}

/** The time for Docker to fetch the image. */
const CONTAINER_READY_MS = 120_000;

/**
 * Creates a server, without starting it. A container ends with its client process and is then removed.
 * @throws Error that names what to install if its program is not found
 */
export async function programServer(server: ProgramServer): Promise<LocalProcess> {
  const { name, folder, logFile, args } = server;
  const port = server.port ?? (await freePort());
  const executable = server.executable ?? (await requireExecutable(server.program));
  mkdirSync(folder, { recursive: true });
  const isBinary = executable.kind === 'binary';
  const seen = isBinary ? realpathSync(folder) : server.container.folder;
  const common = { name, port, logFile, env: server.env(port), isReady: () => server.isReady(port, seen) };
  if (isBinary) {
    const env = { ...process.env, ...executable.env };
    const launch = async () => ({ command: executable.path, args: args({ host: '127.0.0.1', port, folder }), env });
    return new LocalProcess({ ...common, launch });
  }
  const container = `ads-local-${port}-${randomBytes(4).toString('hex')}`;
  const user = process.getuid === undefined ? [] : [`--user=${process.getuid()}:${process.getgid?.()}`];
  const flags = [
    '--rm',
    `--name=${container}`,
    ...user,
    `--publish=127.0.0.1:${port}:${server.container.port}`,
    `--volume=${folder}:${server.container.folder}`,
  ];
  return new LocalProcess({
    ...common,
    readyTimeoutMs: CONTAINER_READY_MS,
    launch: async () => ({
      command: 'docker',
      args: ['run', ...flags, executable.image, ...args(server.container)],
      env: process.env,
      container,
    }),
    deliver: (signal) => {
      spawnSync('docker', ['kill', `--signal=${signal}`, container], { timeout: 10_000 });
    },
  });
}

/**
 * Returns true if a server sends the expected text.
 * @param lines number of lines that are read, of an answer that is not an error of Redis
 * @param question the request to send, if the server does not send first
 * @throws the error of the connection
 */
export async function sends(
  port: number,
  isExpected: (text: string) => boolean,
  lines = 1,
  question?: string,
): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
  socket.once('timeout', () => socket.destroy());
  if (question !== undefined) socket.write(question);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    text += chunk;
    if (text.split('\r\n').length > lines || (text.startsWith('-') && text.includes('\r\n'))) return isExpected(text);
  }
  return false;
}
