import { readFileSync } from 'node:fs';
import { readEnvironment } from '@ads/runtime';
import { runAdsCommand } from './command/ads-commands.js';
import { readAdsCommand, UsageError } from './command/ads-options.js';
import { findApi } from './command/local-api.js';

// The reader closed the pipe, like `head`.
process.stdout.on('error', () => process.exit());

try {
  // npm run ads passes its own name first.
  const [first, ...rest] = process.argv.slice(2);
  const command = readAdsCommand(first === undefined || first === 'ads' ? rest : [first, ...rest]);
  if (command.name === 'help') {
    console.log(readFileSync(new URL('../help/ads.txt', import.meta.url), 'utf8').trimEnd());
  } else if (!(await runAdsCommand(command, findApi(command.url, readEnvironment()), console.log))) {
    process.exitCode = 1;
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${message} Try --help.` : message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
