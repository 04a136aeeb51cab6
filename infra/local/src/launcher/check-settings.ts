import type { Variables } from '../database.js';
import { projectRoot } from '../project.js';
import { runCommand } from '../servers/run-command.js';
import { SERVICE_NAMES } from '../service-table.js';
import { serviceMain } from '../services.js';
import { printWarning } from './progress.js';

/** A line of the output of `--check-config`: `  NAME: problem`. */
const PROBLEM = /^ {2}(\S.*)$/;

/**
 * Runs `--check-config` of every service before any process starts. Prints a warning for each variable that is probably
 * misspelled.
 *
 * @throws Error that lists the bad variables of all services
 */
export async function checkSettings(variables: Variables): Promise<void> {
  const checks = await Promise.all(
    SERVICE_NAMES.map(async (name) => {
      const { code, output } = await runCommand(process.execPath, [serviceMain(name), '--check-config'], {
        timeoutMs: 60_000,
        env: { ...process.env, ...variables },
        cwd: projectRoot,
      });
      return { good: code === 0, lines: output.split('\n').filter((line) => line !== '') };
    }),
  );
  const bad = checks.filter(({ good }) => !good).flatMap(({ lines }) => lines);
  if (bad.length > 0) {
    const problems = bad.flatMap((line) => PROBLEM.exec(line)?.[1] ?? []);
    // Any other output is a failure of the check itself.
    const lines = problems.length > 0 ? problems : bad;
    throw new Error(`Bad configuration:\n${[...new Set(lines)].map((line) => `  ${line}`).join('\n')}`);
  }
  for (const warning of new Set(checks.flatMap(({ lines }) => lines))) printWarning(warning);
}
