import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalProcess } from '@ads/local';

/** Returns one line for each service that was restarted. */
export function restarts(before: readonly (number | undefined)[], processes: readonly LocalProcess[]): string[] {
  return processes.flatMap(({ name, pid }, index) => {
    if (pid === before[index]) return [];
    return pid === undefined ? [`${name} has ended`] : [`${name} is another process now`];
  });
}

/** Returns log lines at level error or warn, and output that is no log line. A healthy system writes none. */
export function loudLines(logFolder: string, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const folder = join(logFolder, name);
    return readdirSync(folder)
      .filter((file) => file.endsWith('.log'))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => line !== '' && !/^\{"timestamp":"[^"]+","level":"(info|debug)"/.test(line))
      .map((line) => `${name} logged ${line.slice(0, 500)}`);
  });
}
