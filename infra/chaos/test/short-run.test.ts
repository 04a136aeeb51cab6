import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const CHAOS = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/**
 * One fault of each class, on the stack that it needs. `npm run chaos` repeats all faults. Orderly stops are left to it and to
 * `shutdown.test.ts`, and lost counters to `lost-counters.test.ts`.
 */
const STACKS = {
  'one of each server': [
    'kill-redis-old-file',
    'crash-between-commit-and-raise',
    'away-nats-postgres',
    'pub-ack-lost',
    'poison',
    'truth-replaced',
  ],
  'scaled out': ['pgbouncer-kill', 'redis-primary-kill', 'nats-leader-kill'],
};

interface Run {
  readonly code: number | null;
  readonly output: string;
}

function chaos(args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHAOS, 'chaos', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

// Both run at the same time, as a round mostly waits.
test.concurrent.each(Object.entries(STACKS))(
  'a fault of each class loses nothing, counts nothing twice, and heals: %s',
  async (_stack, faults) => {
    const rounds = String(faults.length);
    const { code, output } = await chaos(['--rounds', rounds, '--fault', faults.join(), '--seconds', '3']);
    const end = output.trim().split('\n').at(-1) ?? '';
    // A failure shows the whole output.
    if (code !== 0) throw new Error(output);
    const { accepted, stored, verdicts, ...summary } = JSON.parse(end);
    expect(summary).toMatchObject({ rounds: faults.length, lost: 0, duplicated: 0, miscounted: 0 });
    expect(accepted).toBeGreaterThan(100);
    // Without invalid events the verdicts were not tested.
    expect(verdicts.valid).toBeLessThan(stored);
  },
  400_000,
);
