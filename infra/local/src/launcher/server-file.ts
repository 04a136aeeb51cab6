import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variables } from '../database.js';
import { readJson, runFolder } from '../project.js';

const FILE = join(runFolder, 'servers.json');

/** The variables of the servers that run here. A server of the user is missing. */
export interface LocalServers {
  postgres?: Variables;
  nats?: Variables;
}

/** Writes them for the commands that connect to the servers: `npm run psql`, `dead-letters`, `erase` and `recount`. */
export function writeServerFile(servers: LocalServers): void {
  writeFileSync(FILE, JSON.stringify(servers), { mode: 0o600 });
}

/** Returns the servers of the tracker that runs in this folder; undefined if none runs. */
export function readServerFile(): LocalServers | undefined {
  return readJson<LocalServers>(FILE);
}

export function removeServerFile(): void {
  rmSync(FILE, { force: true });
}
