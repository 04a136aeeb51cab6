import { runCommandProgram } from '@ads/runtime';
import { readListsCommand, runListsCommand } from './command/ivt-lists-command.js';

await runCommandProgram({
  name: 'ivt-lists',
  help: new URL('../help/ivt-lists.txt', import.meta.url),
  read: readListsCommand,
  run: runListsCommand,
});
