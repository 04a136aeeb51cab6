import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../project.js';
import { PINNED_PACKAGES } from './pinned-packages.js';
import { runCommand } from './run-command.js';

/*
 * Server programs from the Debian or Ubuntu archive, without root and without touching the
 * system: apt works on lists and folders of our own, and packages are unpacked, not installed.
 */

const debianFolder = join(cacheFolder, 'debian');
const DPKG_STATUS = '/var/lib/dpkg/status';

/** Programs from an unpacked package run with these settings. */
export interface UnpackedProgram {
  kind: 'binary';
  path: string;
  env: Readonly<Record<string, string>>;
}

/**
 * The program from a package that was fetched earlier, if it still runs on this machine.
 * A copy that does not run (the folder was moved to another system) is thrown away.
 */
export async function cachedDebianProgram(program: string): Promise<UnpackedProgram | undefined> {
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
 * Fetches packages with the libraries that the machine lacks, each into a folder of its own that
 * appears only when it is complete: the version that is pinned here if there is one and it runs,
 * else the one of the machine's own release. Takes a few seconds; gives up after two minutes.
 * @returns undefined, or why something could not be fetched.
 */
export async function fetchDebianPackages(packages: readonly string[]): Promise<string | undefined> {
  const config = await runCommand('apt-config', ['dump'], { timeoutMs: 10_000 });
  if (config.code !== 0) return 'apt is not available here';
  // A folder per attempt: parallel runs can't meet, and what a kill leaves is never used.
  const work = join(debianFolder, `fetch-${process.pid}-${Date.now()}`);
  try {
    mkdirSync(join(work, 'state/lists/partial'), { recursive: true });
    writeFileSync(join(work, 'apt.conf'), aptConfiguration(config.output, work));
    const env = { ...process.env, APT_CONFIG: join(work, 'apt.conf'), LC_ALL: 'C' };
    const others: string[] = [];
    for (const name of packages) {
      if (!(await fetchPinned(name, work, env))) others.push(name);
    }
    if (others.length === 0) return undefined;
    const update = await runCommand('apt-get', ['update'], { timeoutMs: 60_000, env });
    if (update.code !== 0) return lastLine(update.output);
    const problems: string[] = [];
    for (const name of others) {
      const problem = await fetchOne(name, work, env);
      if (problem !== undefined) problems.push(problem);
    }
    return problems[0];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** True when the pinned version is now in the cache, and runs on this machine. */
async function fetchPinned(name: string, work: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const pinned = PINNED_PACKAGES[name]?.[process.arch];
  if (pinned === undefined) return false;
  const archives = emptyArchives(work);
  const download = await runCommand(
    '/usr/lib/apt/apt-helper',
    ['download-file', pinned.url, join(archives, `${name}.deb`), `SHA256:${pinned.sha256}`],
    { timeoutMs: 60_000, env },
  );
  if (download.code !== 0 || (await unpack(name, work, archives)) !== undefined) return false;
  return (await cachedDebianProgram(name)) !== undefined;
}

function emptyArchives(work: string): string {
  const archives = join(work, 'cache/archives');
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(join(archives, 'partial'), { recursive: true });
  return archives;
}

async function fetchOne(name: string, work: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const archives = emptyArchives(work);
  const download = await runCommand(
    'apt-get',
    ['install', '--yes', '--download-only', '--no-install-recommends', '--reinstall', name],
    { timeoutMs: 60_000, env },
  );
  if (download.code !== 0) return lastLine(download.output);
  return await unpack(name, work, archives);
}

/** Makes one folder of what was downloaded for a program, and puts it in its place. */
async function unpack(name: string, work: string, archives: string): Promise<string | undefined> {
  const root = join(work, name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  for (const archive of readdirSync(archives)) {
    // Another C library than the machine's own can't be loaded by the machine's own loader.
    if (!archive.endsWith('.deb') || archive.startsWith('libc6_')) continue;
    const extract = await runCommand('dpkg-deb', ['--extract', join(archives, archive), root], {
      timeoutMs: 60_000,
    });
    if (extract.code !== 0) return lastLine(extract.output);
  }
  try {
    renameSync(root, join(debianFolder, name));
  } catch (error) {
    // A parallel run was faster; its copy is as good as ours.
    if (!existsSync(join(debianFolder, name))) throw error;
  }
  return undefined;
}

/**
 * The machine's own settings (mirrors, proxies, certificates), with every folder that apt writes
 * to moved into ours. Hooks are left out: Debian images have one that empties the system's cache.
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

function lastLine(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => line.startsWith('E:')) ?? lines.at(-1) ?? 'unknown error';
}
