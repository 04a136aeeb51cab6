import { rmSync } from 'node:fs';
import { runCommand } from './run-command.js';

/**
 * Makes `to` a copy of a folder, owners and modes included: of the data of a server that is stopped, as a snapshot of its
 * volume would be. Whatever was there before is deleted.
 *
 * @throws Error with what the copying said
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  const { code, output } = await runCommand('cp', ['-a', from, to], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${from} could not be copied:\n${output.trim()}`);
}
