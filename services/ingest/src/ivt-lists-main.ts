import { readListsCommand, runListsCommand } from './command/ivt-lists-command.js';
import { runProgram } from './command/run-command.js';

await runProgram('ivt-lists', readListsCommand, runListsCommand);
