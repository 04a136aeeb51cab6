import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../project.js';

/** The system clock of one process of ours, which can be set. */
export interface ShiftedClock {
  /** For Node, when it starts the process. */
  readonly nodeArgs: readonly string[];
  /** Sets the clock so many milliseconds ahead, or behind where it is negative. It is noticed within 50 ms. */
  shift(milliseconds: number): void;
}

/** @param file tells the process its shift; written here */
export function shiftedClock(file: string, milliseconds: number): ShiftedClock {
  const shift = (by: number): void => writeFileSync(file, String(by));
  shift(milliseconds);
  const preload = pathToFileURL(join(projectRoot, 'infra', 'local', 'dist', 'clock', 'shifted-date.js'));
  preload.searchParams.set('file', file);
  return { nodeArgs: ['--import', preload.href], shift };
}
