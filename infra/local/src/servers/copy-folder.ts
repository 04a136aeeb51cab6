import { rmSync } from 'node:fs';
import { runCommand } from './run-command.js';

/**
 * Copies the data folder of a stopped server to `to`, with owners and modes, like a snapshot of its volume. An existing
 * `to` is deleted first.
 *
 * @throws Error with what the copying said
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  const { code, output } = await runCommand('cp', ['-a', from, to], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${from} could not be copied:\n${output.trim()}`);
}
