import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../project.js';
import { PINNED_PACKAGES } from './pinned-packages.js';
import { runCommand } from './run-command.js';

/*
 * Gets server programs from the Debian or Ubuntu archive without root and without changes of the system: apt uses our own
 * lists and folders, and packages are unpacked, not installed.
 */

const debianFolder = join(cacheFolder, 'debian');
const DPKG_STATUS = '/var/lib/dpkg/status';

/** A program of this machine, and the variables it needs. */
export interface InstalledProgram {
  kind: 'binary';
  path: string;
  env: Readonly<Record<string, string>>;
}

/**
 * Returns the program of an earlier fetched package, if it runs on this machine. A copy that does not run, for example because
 * the folder was moved to another system, is deleted.
 */
export async function cachedDebianProgram(program: string): Promise<InstalledProgram | undefined> {
  const root = join(debianFolder, program);
  const path = ['usr/bin', 'usr/sbin']
    .map((folder) => join(root, folder, program))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
  const env = { LD_LIBRARY_PATH: libraryFolders(root).join(':') };
  const { code } = await runCommand(path, ['--version'], {
    timeoutMs: 10_000,
    env: { ...process.env, ...env },
  });
  // A program that rejects the option has still started. The loader exits with 127 if a library is missing.
  if (code !== null && code !== 127) return { kind: 'binary', path, env };
  rmSync(root, { recursive: true, force: true });
  return undefined;
}

/** Both multi-arch folders, such as usr/lib/x86_64-linux-gnu, and the plain ones. */
function libraryFolders(root: string): string[] {
  return ['usr/lib', 'lib'].flatMap((name) => {
    const folder = join(root, name);
    if (!existsSync(folder)) return [];
    const triplets = readdirSync(folder).filter((entry) => entry.includes('-linux-gnu'));
    return [...triplets.map((triplet) => join(folder, triplet)), folder];
  });
}

/**
 * Fetches packages with the libraries that the machine lacks. Each gets its own folder, which appears only when it is complete.
 * It has the pinned version if one exists and runs, otherwise that of the machine's release. Takes a few seconds, and gives
 * up after two minutes.
 * @returns undefined, or the reason why a package could not be fetched
 */
export async function fetchDebianPackages(packages: readonly string[]): Promise<string | undefined> {
  const config = await runCommand('apt-config', ['dump'], { timeoutMs: 10_000 });
  if (config.code !== 0) return 'apt is not available here';
  // Each attempt has its own folder, so parallel runs do not interfere, and the rest of a killed run is never used.
  const work = join(debianFolder, `fetch-${process.pid}-${Date.now()}`);
  const env = { ...process.env, APT_CONFIG: join(work, 'apt.conf'), LC_ALL: 'C' };
  try {
    mkdirSync(join(work, 'state/lists/partial'), { recursive: true });
    writeFileSync(env.APT_CONFIG, aptConfiguration(config.output, work));
    const others: string[] = [];
    for (const name of packages) if (!(await fetchPinned(name, work, env))) others.push(name);
    if (others.length > 0) await run('apt-get', ['update'], env);
    let problem: string | undefined;
    for (const name of others) {
      await fetchPackage(name, work, env, () => ['apt-get', ...INSTALL, name]).catch((error: Error) => {
        problem ??= error.message;
      });
    }
    return problem;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const INSTALL = ['install', '--yes', '--download-only', '--no-install-recommends', '--reinstall'];

/** Returns true if the pinned version is in the cache and runs on this machine. */
async function fetchPinned(name: string, work: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const pinned = PINNED_PACKAGES[name]?.[process.arch];
  if (pinned === undefined) return false;
  const { url, sha256 } = pinned;
  try {
    await fetchPackage(name, work, env, (archives) => [
      '/usr/lib/apt/apt-helper',
      'download-file',
      url,
      join(archives, `${name}.deb`),
      `SHA256:${sha256}`,
    ]);
  } catch {
    return false;
  }
  return (await cachedDebianProgram(name)) !== undefined;
}

/**
 * Downloads archives with a command, unpacks them into one folder, and moves it into place.
 * @throws Error with the last line of the failed command
 */
async function fetchPackage(
  name: string,
  work: string,
  env: NodeJS.ProcessEnv,
  download: (archives: string) => readonly [command: string, ...args: string[]],
): Promise<void> {
  const archives = join(work, 'cache/archives');
  const root = join(work, name);
  for (const folder of [archives, root]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [join(archives, 'partial'), root]) mkdirSync(folder, { recursive: true });
  const [command, ...args] = download(archives);
  await run(command, args, env);
  // The loader of the machine cannot load another C library than its own.
  const wanted = readdirSync(archives).filter((file) => file.endsWith('.deb') && !file.startsWith('libc6_'));
  for (const archive of wanted) await run('dpkg-deb', ['--extract', join(archives, archive), root], env);
  try {
    renameSync(root, join(debianFolder, name));
  } catch (error) {
    // A parallel run was faster; its copy is used.
    if (!existsSync(join(debianFolder, name))) throw error;
  }
}

/** @throws Error with the line of the output that has the reason */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { code, output } = await runCommand(command, args, { timeoutMs: 60_000, env });
  if (code === 0) return;
  const lines = output.trim().split('\n');
  throw new Error(lines.findLast((line) => line.startsWith('E:')) ?? lines.at(-1));
}

/**
 * The apt settings of the machine (mirrors, proxies, certificates), with our folders for everything that apt writes. Hooks are
 * left out, as Debian images have one that empties the cache of the system.
 */
function aptConfiguration(systemSettings: string, work: string): string {
  const kept = systemSettings
    .split('\n')
    .filter((line) => !/Invoke|DEP-11|^Dir::(State|Cache|Log)|^Dir::Etc::(main|parts)/i.test(line))
    .filter((line) => !/^(APT::Sandbox::User|quiet)/i.test(line));
  return `${kept.join('\n')}
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::State "${work}/state/";
// Packages that the machine already has are not fetched.
Dir::State::status "${DPKG_STATUS}";
Dir::Cache "${work}/cache/";
Dir::Log "${work}/log/";
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
Acquire::Retries "1";
`;
}
