import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Launch } from '../processes/local-process.js';
import { runCommand } from './run-command.js';

/** True when a Docker daemon is there and answers soon. */
export async function dockerAnswers(): Promise<boolean> {
  const { code } = await runCommand('docker', ['info'], { timeoutMs: 3_000 });
  return code === 0;
}

/** A server in a container: how it is started, and how signals reach it. */
export interface ContainerCommand {
  launch: Launch;
  deliver: (signal: NodeJS.Signals) => void;
}

/** Settings of one container. */
export interface ContainerOptions {
  image: string;
  /** Published on 127.0.0.1 alone. */
  port: number;
  containerPort: number;
  /** Folder on this machine and where the container sees it. */
  volume: { folder: string; at: string };
  args: readonly string[];
}

/** A container that lives as long as its client process, and leaves nothing behind. */
export function containerCommand(options: ContainerOptions): ContainerCommand {
  const { image, port, containerPort, volume, args } = options;
  const name = `ads-local-${port}-${randomBytes(4).toString('hex')}`;
  const user = process.getuid === undefined ? [] : [`--user=${process.getuid()}:${process.getgid?.()}`];
  return {
    launch: {
      command: 'docker',
      args: [
        'run',
        '--rm',
        `--name=${name}`,
        ...user,
        `--publish=127.0.0.1:${port}:${containerPort}`,
        `--volume=${volume.folder}:${volume.at}`,
        image,
        ...args,
      ],
      env: process.env,
      container: name,
    },
    deliver: (signal) => {
      spawnSync('docker', ['kill', `--signal=${signal}`, name], { timeout: 10_000 });
    },
  };
}
