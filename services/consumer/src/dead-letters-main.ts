import { connectNats, type NatsConfig, natsVariables } from '@ads/connections';
import { loadConfig, readEnvironment, runCommandProgram } from '@ads/runtime';
import { NoSuchDeadLetter, runCommand } from './dead-letters-commands.js';
import { readCommand } from './dead-letters-options.js';
import { withLocalServers } from './local-servers.js';

await runCommandProgram({
  name: 'dead-letters',
  help: new URL('../help/dead-letters.txt', import.meta.url),
  read: readCommand,
  async run(command, print) {
    const config = loadConfig<NatsConfig>(withLocalServers(readEnvironment()), natsVariables);
    const connection = await connectNats(config, 'dead-letters');
    try {
      await runCommand(connection, command, print);
    } finally {
      await connection.close();
    }
    return true;
  },
  explain: (message, error) => (error instanceof NoSuchDeadLetter ? message : `NATS: ${message}`),
});
