import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandResult, findExecutables, findOnPath, runCommand } from '@ads/local';

/** Runs an external program. */
export type Tool = (args: readonly string[], options: { cwd: string }) => Promise<CommandResult>;

/** A tool, or the reason why it is missing. */
export type FoundTool = { readonly run: Tool } | { readonly missing: string };

type Variables = Readonly<Record<string, string>>;

function toolAt(path: string, env: Variables = {}): FoundTool {
  return {
    run: (args, { cwd }) => runCommand(path, args, { cwd, timeoutMs: 120_000, env: { ...process.env, ...env } }),
  };
}

export function findKubectl(): FoundTool {
  const path = findOnPath('kubectl');
  return path === undefined ? { missing: 'kubectl is not installed' } : toolAt(path);
}

/** Finds Helm 3 or 4. Its output is compared with that of kubectl. */
export function findHelm(): FoundTool {
  const path = findOnPath('helm');
  return path === undefined ? { missing: 'helm is not installed' } : toolAt(path);
}

export async function findDockerCompose(): Promise<FoundTool> {
  const { code } = await runCommand('docker', ['compose', 'version'], { timeoutMs: 30_000 });
  return code === 0 ? toolAt('docker') : { missing: 'docker compose is not installed' };
}

/** Finds a server program and its environment. Ignores container images. */
export async function findServer(
  name: 'nginx' | 'nats-server' | 'prometheus',
): Promise<{ readonly path: string; readonly env: Variables } | { readonly missing: string }> {
  const { [name]: found } = await findExecutables([name]);
  if (found.kind === 'binary') return found;
  return { missing: found.kind === 'missing' ? found.reason : `${name} is not installed` };
}

export async function findServerTool(name: 'nginx' | 'nats-server', env: Variables = {}): Promise<FoundTool> {
  const found = await findServer(name);
  return 'missing' in found ? found : toolAt(found.path, { ...found.env, ...env });
}

/** Finds promtool in the folder of Prometheus, where Debian installs it too. */
export async function findPromtool(): Promise<FoundTool> {
  const onPath = findOnPath('promtool');
  if (onPath !== undefined) return toolAt(onPath);
  const prometheus = await findServer('prometheus');
  if ('missing' in prometheus) return prometheus;
  const path = join(dirname(prometheus.path), 'promtool');
  return existsSync(path) ? toolAt(path, prometheus.env) : { missing: 'promtool is not installed' };
}
