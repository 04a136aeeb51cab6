import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UPSTREAMS } from '@ads/local';
import type { Repository } from './repository.js';

export const GATEWAY_FOLDER = 'infra/gateway';

/**
 * Copies the settings of nginx to a folder, and makes nginx write its files there.
 *
 * @param port of every service on 127.0.0.1
 * @param listen where nginx listens, in place of port 8080 on every address
 * @returns the main file
 */
export function copyGateway(repository: Repository, folder: string, port: number, listen?: string): string {
  for (const file of repository.files(GATEWAY_FOLDER, /\.conf$/)) {
    const path = join(folder, basename(file));
    cpSync(join(repository.root, file), path);
    const text = readFileSync(path, 'utf8')
      .replaceAll(/ \/dev\/std(out|err)/g, ' /tmp/log')
      .replaceAll(' /tmp/', ` ${folder}/`);
    writeFileSync(path, listen === undefined ? text : text.replace(/listen 8080\b/, `listen ${listen}`));
  }
  const upstreams = UPSTREAMS.map((name) => `upstream ${name} { server 127.0.0.1:${port}; }\n`);
  writeFileSync(join(folder, 'upstreams.conf'), upstreams.join(''));
  return join(folder, 'nginx.conf');
}
