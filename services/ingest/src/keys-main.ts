import { readKeysCommand, runKeysCommand } from './command/keys-command.js';
import { runCommand } from './command/run-command.js';

await runCommand('keys', readKeysCommand, runKeysCommand);
