import { findChromium } from './browser.js';
import { printWarning, step } from './launcher/progress.js';
import { findOnPath } from './servers/executables.js';
import { runCommand } from './servers/run-command.js';

/* `npm run test:browser`: the tests in a browser, also those that `npm test` leaves out because they take long. */

const TESTS = ['infra/e2e/test/browser.test.ts', 'infra/e2e/test/dashboard'];

/** @returns false if the machine still has no browser */
async function installChromium(): Promise<boolean> {
  const aptGet = findOnPath('apt-get');
  if (aptGet === undefined || process.getuid?.() !== 0) return false;
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    await step(`apt-get ${args[0]}`, async () => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const { code, output } = await runCommand(aptGet, args, { timeoutMs: 600_000, env });
      if (code !== 0) console.log(output.trim());
    });
  }
  return findChromium() !== undefined;
}

if (findChromium() === undefined && !(await installChromium())) {
  printWarning('The browser tests need Chromium. Install it, for example by: sudo apt-get install chromium');
  process.exit(1);
}
process.env.BROWSER_TESTS = 'all';
// The first argument is the name of the script.
process.argv.splice(3, 0, ...TESTS);
await import('./test.js');
