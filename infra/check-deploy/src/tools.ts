import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandResult, findExecutables, findOnPath, runCommand } from '@ads/local';

/** Runs an external program. */
export type Tool = (args: readonly string[], options: { cwd: string }) => Promise<CommandResult>;

/** A tool, or the reason why it is missing. */
export type FoundTool = { readonly run: Tool } | { readonly missing: string };

function toolAt(path: string, env: Readonly<Record<string, string>> = {}): FoundTool {
  return {
    run: (args, { cwd }) => runCommand(path, args, { cwd, timeoutMs: 120_000, env: { ...process.env, ...env } }),
  };
}

export function findKubectl(): FoundTool {
  const path = findOnPath('kubectl');
  return path === undefined ? { missing: 'kubectl is not installed' } : toolAt(path);
}

export async function findDockerCompose(): Promise<FoundTool> {
  const path = findOnPath('docker');
  const { code } = await runCommand(path ?? 'docker', ['compose', 'version'], { timeoutMs: 30_000 });
  if (path === undefined || code !== 0) return { missing: 'docker compose is not installed' };
  const docker = toolAt(path);
  return 'run' in docker ? { run: (args, options) => docker.run(['compose', ...args], options) } : docker;
}

/** promtool is installed beside Prometheus, also by the package of Debian. */
export async function findPromtool(): Promise<FoundTool> {
  const onPath = findOnPath('promtool');
  if (onPath !== undefined) return toolAt(onPath);
  const { prometheus } = await findExecutables(['prometheus']);
  if (prometheus.kind !== 'binary') {
    return { missing: prometheus.kind === 'missing' ? prometheus.reason : 'promtool is not installed' };
  }
  const path = join(dirname(prometheus.path), 'promtool');
  return existsSync(path) ? toolAt(path, prometheus.env) : { missing: 'promtool is not installed' };
}

export async function findNginx(): Promise<FoundTool> {
  const { nginx } = await findExecutables(['nginx']);
  if (nginx.kind === 'binary') return toolAt(nginx.path, nginx.env);
  return { missing: nginx.kind === 'missing' ? nginx.reason : 'nginx is not installed' };
}

export async function findNatsServer(env: Readonly<Record<string, string>>): Promise<FoundTool> {
  const { 'nats-server': nats } = await findExecutables(['nats-server']);
  if (nats.kind === 'binary') return toolAt(nats.path, { ...nats.env, ...env });
  return { missing: nats.kind === 'missing' ? nats.reason : 'nats-server is not installed' };
}
