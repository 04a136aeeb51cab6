import { runAdsCommand } from './command/ads-commands.js';
import { readAdsCommand } from './command/ads-options.js';
import { runApiCommand } from './command/run-api-command.js';

await runApiCommand({ name: 'ads', read: readAdsCommand, run: runAdsCommand });
