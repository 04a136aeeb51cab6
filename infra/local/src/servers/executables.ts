import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cachedDebianProgram, fetchDebianPackages, type InstalledProgram } from './debian-packages.js';
import { runCommand } from './run-command.js';

/** The servers that do not come from npm, and the program that makes their certificates. */
export type ServerProgram = 'redis-server' | 'nats-server' | 'pgbouncer' | 'prometheus' | 'nginx' | 'openssl';

/** A server program that can be run. */
export type Program = InstalledProgram | { kind: 'docker'; image: string };

/** The program on this machine, the image for Docker, or the reason why neither is available. */
export type Executable = Program | { kind: 'missing'; reason: string };

/** The images of programs that `npm start` needs; only chaos runs and checks use the others. */
const DOCKER_IMAGES: Partial<Record<ServerProgram, string>> = {
  'redis-server': 'redis:7-alpine',
  'nats-server': 'nats:2-alpine',
};

const INSTALL: Record<ServerProgram, string> = {
  'redis-server': 'apt install redis-server, dnf install redis, or brew install redis',
  'nats-server': 'apt install nats-server, dnf install nats-server, or brew install nats-server',
  pgbouncer: 'apt install pgbouncer, dnf install pgbouncer, or brew install pgbouncer',
  prometheus: 'apt install prometheus, or brew install prometheus',
  nginx: 'apt install nginx, dnf install nginx, or brew install nginx',
  openssl: 'apt install openssl, dnf install openssl, or brew install openssl',
};

// Debian puts servers into /usr/sbin, which is not on the PATH of an ordinary user.
const ALSO_LOOK_IN = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** Returns the full path of a program on PATH or in `ALSO_LOOK_IN`; undefined if it is not found. */
export function findOnPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...ALSO_LOOK_IN];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function findInstalled(program: ServerProgram): Promise<Executable | undefined> {
  const path = findOnPath(program);
  return path === undefined ? await cachedDebianProgram(program) : { kind: 'binary', path, env: {} };
}

/**
 * Finds server programs on PATH, otherwise in Debian packages in the project's cache (fetched now if necessary), otherwise as
 * an image for a running Docker. Nothing is installed on the machine. A program that is not found is `missing`, with a
 * sentence about what to install.
 *
 * @param onFetch called before packages are fetched
 */
export async function findExecutables<P extends ServerProgram>(
  programs: readonly P[],
  onFetch: (missing: readonly P[]) => void = () => undefined,
): Promise<Record<P, Executable>> {
  const missing: P[] = [];
  for (const program of programs) if ((await findInstalled(program)) === undefined) missing.push(program);
  if (missing.length > 0) onFetch(missing);
  const whyNot = missing.length > 0 ? await fetchDebianPackages(missing) : undefined;
  const found = await Promise.all(
    programs.map(async (program) => [program, (await findInstalled(program)) ?? (await byDocker(program, whyNot))]),
  );
  return Object.fromEntries(found);
}

async function byDocker(program: ServerProgram, whyNot = 'no package contains it'): Promise<Executable> {
  const image = DOCKER_IMAGES[program];
  const docker = image === undefined ? undefined : await runCommand('docker', ['info'], { timeoutMs: 3_000 });
  if (image !== undefined && docker?.code === 0) return { kind: 'docker', image };
  const noDocker = image === undefined ? '' : ', and no Docker is running';
  const reason = `${program} is not installed and could not be fetched (${whyNot})${noDocker}. To install it: ${INSTALL[program]}.`;
  return { kind: 'missing', reason };
}

/** Finds one program. @throws Error that names what to install if it is not found */
export async function requireExecutable(program: ServerProgram): Promise<Program> {
  const { [program]: executable } = await findExecutables([program]);
  if (executable.kind === 'missing') throw new Error(executable.reason);
  return executable;
}

/**
 * The same without containers, since servers of a cluster reach each other on 127.0.0.1.
 * @throws Error that names what to install
 */
export async function requireInstalled(program: ServerProgram): Promise<InstalledProgram> {
  const executable = await requireExecutable(program);
  if (executable.kind === 'binary') return executable;
  throw new Error(
    `${program} would run in containers here, which cannot reach each other. To install it: ${INSTALL[program]}.`,
  );
}
