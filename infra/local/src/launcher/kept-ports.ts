import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { claimPort, freePort, isPortFree } from '../ports.js';
import { localFolder, readJson } from '../project.js';

const FILE = join(localFolder, 'ports.json');

/** The ports of the first start, unless another program has them. They are below those that `freePort` returns. */
const FIRST = { Postgres: 15_432, Redis: 16_379, NATS: 14_222 } as const;

export type PortName = keyof typeof FIRST;

/** The ports that this process has claimed, and the files that keep them. */
const claimed = new Map<number, string>();

/**
 * Returns the port that the server had at the last start if it is free, so that settings of other tools stay valid. `file` keeps
 * the ports. The port is claimed until this process ends: another `npm start` may choose its ports at the same time.
 */
export async function keptPort(name: PortName, file = FILE): Promise<number> {
  const last = readJson<Partial<Record<PortName, number>>>(file)?.[name] ?? FIRST[name];
  let port = last;
  while (!((await isPortFree(port)) && (await isClaimed(port, file)))) port = await freePort();
  mkdirSync(dirname(file), { recursive: true });
  // Read again, as another server of this start may have written meanwhile.
  writeFileSync(file, JSON.stringify({ ...readJson<object>(file), [name]: port }));
  return port;
}

async function isClaimed(port: number, file: string): Promise<boolean> {
  if (claimed.get(port) === file) return true;
  if (!(await claimPort(port))) return false;
  claimed.set(port, file);
  return true;
}
