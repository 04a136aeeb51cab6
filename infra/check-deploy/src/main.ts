import { flag, type OptionValues, parseOptions } from '@ads/harness';
import { printStep, printWarning, projectRoot, type StandAloneRun, standAloneRun } from '@ads/local';
import { OWN_CHECKS, TOOL_CHECKS } from './catalogue.js';
import { livePanels } from './checks/live-panels.js';
import { openRepository } from './repository.js';

/** `static`: check only what needs no running stack. */
const OPTIONS = { static: flag };

/** `npm run check:deploy`: runs each check and prints a line for each problem. */
async function main(run: StandAloneRun, options: OptionValues<typeof OPTIONS>): Promise<boolean> {
  const repository = openRepository(projectRoot);
  const counts = { problems: 0, passed: 0, skipped: 0 };
  for (const check of [...OWN_CHECKS, ...TOOL_CHECKS, ...(options.static ? [] : [livePanels(run)])]) {
    const since = performance.now();
    const { problems, skipped } = await check.run(repository);
    counts.problems += problems.length;
    // A skipped check has not passed.
    if (skipped === undefined) {
      printStep(problems.length === 0, check.name, since);
      if (problems.length === 0) counts.passed += 1;
    } else {
      counts.skipped += 1;
      for (const reason of skipped) printWarning(`${check.name} skipped: ${reason}`);
    }
    for (const { file, line, message } of problems) console.log(`${file}:${line}: ${message}`);
  }
  console.log(`\n${counts.problems} problems; ${counts.passed} checks passed, ${counts.skipped} skipped`);
  return counts.problems === 0;
}

await standAloneRun('check-deploy', (args) => parseOptions(args, OPTIONS), main);
