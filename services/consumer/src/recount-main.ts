import { type PostgresConfig, postgresConnection, postgresVariables } from '@ads/connections';
import { recount } from '@ads/ledger';
import {
  dropForeignVariables,
  loadConfig,
  type MinuteRetentionConfig,
  minuteRetentionVariables,
  minutesKept,
  readEnvironment,
  runCommandProgram,
  UsageError,
} from '@ads/runtime';
import { withLocalServers } from './local-servers.js';

const plain = new Intl.NumberFormat('en-US');

await runCommandProgram({
  name: 'recount',
  help: new URL('../help/recount.txt', import.meta.url),
  read([first]) {
    if (first !== undefined) throw new UsageError(`recount takes no arguments: ${first}.`);
  },
  async run(_, print) {
    dropForeignVariables();
    const config = loadConfig<PostgresConfig & MinuteRetentionConfig>(withLocalServers(readEnvironment()), {
      ...postgresVariables,
      ...minuteRetentionVariables,
    });
    const { events, ...corrected } = await recount(
      { ...postgresConnection(config), application_name: 'recount' },
      minutesKept(config),
    );
    print(`Events counted: ${plain.format(events)}`);
    const rows = Object.entries(corrected).map(
      ([rollup, count]) => `${plain.format(count)} ${rollup.replace('_', '-')}`,
    );
    print(`Rows corrected: ${rows.join(', ')}`);
    print('Postgres answers until the consumers have refilled Redis.');
    return true;
  },
  explain: (message) => `Postgres: ${message}`,
});
