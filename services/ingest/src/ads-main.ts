import { runAdsCommand } from './command/ads-commands.js';
import { readAdsCommand } from './command/ads-options.js';
import { runCommand } from './command/run-command.js';

await runCommand('ads', readAdsCommand, runAdsCommand);
