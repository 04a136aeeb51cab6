import { type PostgresConfig, postgresConnection, postgresVariables } from '@ads/connections';
import { recount } from '@ads/ledger';
import {
  ConfigError,
  dropForeignVariables,
  loadConfig,
  type MinuteRetentionConfig,
  minuteRetentionVariables,
  minutesKept,
  readEnvironment,
} from '@ads/runtime';
import { helpText } from './help-text.js';
import { withLocalServers } from './local-servers.js';

const plain = new Intl.NumberFormat('en-US');

async function main(): Promise<void> {
  dropForeignVariables();
  const config = loadConfig<PostgresConfig & MinuteRetentionConfig>(withLocalServers(readEnvironment()), {
    ...postgresVariables,
    ...minuteRetentionVariables,
  });
  const { events, ...corrected } = await recount(
    { ...postgresConnection(config), application_name: 'recount' },
    minutesKept(config),
  );
  console.log(`Events counted: ${plain.format(events)}`);
  const rows = Object.entries(corrected).map(([rollup, count]) => `${plain.format(count)} ${rollup.replace('_', '-')}`);
  console.log(`Rows corrected: ${rows.join(', ')}`);
  console.log('Postgres answers until the consumers have refilled Redis.');
}

// npm run recount passes its own name first.
const [first, ...others] = process.argv.slice(process.argv[2] === 'recount' ? 3 : 2);
if ((first === '--help' || first === '-h') && others.length === 0) {
  console.log(helpText('recount'));
} else if (first !== undefined) {
  console.error(`recount takes no arguments: ${first}. Try --help.`);
  process.exitCode = 2;
} else {
  await main().catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    console.error(error instanceof ConfigError ? message : `Postgres: ${message}`);
    process.exitCode = 1;
  });
}
