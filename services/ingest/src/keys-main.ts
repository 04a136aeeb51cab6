import { readKeysCommand, runKeysCommand } from './command/keys-command.js';
import { runApiCommand } from './command/run-api-command.js';

await runApiCommand({ name: 'keys', read: readKeysCommand, run: runKeysCommand });
