import { type NatsConfig, natsOptions, natsVariables } from '@ads/connections';
import { ConfigError, loadConfig, readEnvironment } from '@ads/runtime';
import { connect } from 'nats';
import { NoSuchDeadLetter, runCommand } from './dead-letters-commands.js';
import { readCommand } from './dead-letters-options.js';
import { helpText } from './help-text.js';
import { withLocalServers } from './local-servers.js';
import { UsageError } from './usage-error.js';

// The reader closed the pipe, like `head`.
process.stdout.on('error', () => process.exit());

try {
  // npm run dead-letters passes its own name first.
  const [first, ...rest] = process.argv.slice(2);
  const command = readCommand(first === undefined || first === 'dead-letters' ? rest : [first, ...rest]);
  if (command.name === 'help') console.log(helpText('dead-letters'));
  else {
    const config = loadConfig<NatsConfig>(withLocalServers(readEnvironment()), natsVariables);
    const connection = await connect(natsOptions(config, 'dead-letters'));
    try {
      await runCommand(connection, command, console.log);
    } finally {
      await connection.close();
    }
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) console.error(`${message} Try --help.`);
  else console.error(error instanceof NoSuchDeadLetter || error instanceof ConfigError ? message : `NATS: ${message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
