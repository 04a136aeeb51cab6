import { flag, type OptionValues, parseOptions } from '@ads/harness';
import { printStep, printWarning, projectRoot, type StandAloneRun, standAloneRun } from '@ads/local';
import { OWN_CHECKS, TOOL_CHECKS } from './catalogue.js';
import { livePanels } from './checks/live-panels.js';
import { openRepository } from './repository.js';

/** `static`: skip the checks that need a running stack. */
const OPTIONS = { static: flag };

/** `npm run check:deploy`: runs each check and prints a line for each problem. */
async function main(run: StandAloneRun, options: OptionValues<typeof OPTIONS>): Promise<boolean> {
  const repository = openRepository(projectRoot);
  const counts = { problems: 0, passed: 0, skipped: 0 };
  for (const check of [...OWN_CHECKS, ...TOOL_CHECKS, ...(options.static ? [] : [livePanels(run)])]) {
    const since = performance.now();
    const outcome = await check.run(repository);
    if ('skipped' in outcome) {
      counts.skipped += 1;
      printWarning(`${check.name} skipped: ${outcome.skipped}`);
      continue;
    }
    printStep(outcome.length === 0, check.name, since);
    counts.problems += outcome.length;
    if (outcome.length === 0) counts.passed += 1;
    for (const { file, line, message } of outcome) console.log(`${file}:${line}: ${message}`);
  }
  console.log(`\n${counts.problems} problems; ${counts.passed} checks passed, ${counts.skipped} skipped`);
  return counts.problems === 0;
}

await standAloneRun('check-deploy', (args) => parseOptions(args, OPTIONS), main);
