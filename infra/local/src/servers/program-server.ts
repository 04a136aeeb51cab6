import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
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
  isReady: (port: number) => Promise<boolean>;
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
  const common = { name, port, logFile, env: server.env(port), isReady: () => server.isReady(port) };
  if (executable.kind === 'binary') {
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
 * Returns true if the first line that a server sends is the expected one.
 * @param question the request to send, if the server does not send first
 * @throws the error of the connection
 */
export async function sendsLine(port: number, expected: RegExp, question?: string): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
  socket.once('timeout', () => socket.destroy());
  if (question !== undefined) socket.write(question);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\r\n')) return expected.test(text);
  }
  return false;
}
