import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFolder } from '../project.js';

const file = join(runFolder, 'nats-url');

/**
 * Keeps the address of the NATS of `npm start` where `npm run dead-letters` looks for it, as the port may be another one
 * each time.
 *
 * @returns forgets it
 */
export function keepNatsAddress(url: string): () => void {
  mkdirSync(runFolder, { recursive: true });
  writeFileSync(file, url, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
