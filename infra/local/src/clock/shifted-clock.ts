import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../project.js';

/** The system clock of one of our processes, which a test can set. */
export interface ShiftedClock {
  /** Arguments for Node when it starts the process. */
  readonly nodeArgs: readonly string[];
  /** Sets the clock ahead by this many milliseconds, or behind if negative. The process notices within 50 ms. */
  shift(milliseconds: number): void;
}

/** @param file the file through which the process gets its shift */
export function shiftedClock(file: string, milliseconds: number): ShiftedClock {
  const shift = (by: number): void => writeFileSync(file, String(by));
  shift(milliseconds);
  const preload = pathToFileURL(join(projectRoot, 'infra', 'local', 'dist', 'clock', 'shifted-date.js'));
  preload.searchParams.set('file', file);
  return { nodeArgs: ['--import', preload.href], shift };
}
