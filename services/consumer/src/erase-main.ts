import {
  connectNats,
  type NatsConfig,
  natsVariables,
  type PostgresConfig,
  postgresConnection,
  postgresVariables,
} from '@ads/connections';
import { eraseAddress } from '@ads/ledger';
import { dropForeignVariables, loadConfig, readEnvironment, runCommandProgram } from '@ads/runtime';
import type { NatsConnection } from 'nats';
import { untilDrained } from './drained.js';
import { eraseInMessages } from './erase-messages.js';
import { readAddressToErase } from './erase-options.js';
import { withLocalServers } from './local-servers.js';

/** Longest wait for the messages in the queue. */
const QUEUE_TIMEOUT_MS = 30_000;

const plain = new Intl.NumberFormat('en-US');

/** Waits for the queue, then erases an address from stored events and from messages. @returns true if nothing is left */
async function erase(address: string): Promise<boolean> {
  dropForeignVariables();
  const variables = { ...postgresVariables, ...natsVariables };
  const config = loadConfig<PostgresConfig & NatsConfig>(withLocalServers(readEnvironment()), variables);
  const nats = await named('NATS', connectNats(config, 'erase'));
  try {
    return await eraseEverywhere(nats, config, address);
  } finally {
    await nats.close();
  }
}

async function eraseEverywhere(nats: NatsConnection, config: PostgresConfig, address: string): Promise<boolean> {
  const waiting = await named('NATS', untilDrained(nats, QUEUE_TIMEOUT_MS));
  const connection = { ...postgresConnection(config), application_name: 'erase' };
  console.log(`Stored events changed: ${plain.format(await named('Postgres', eraseAddress(connection, address)))}`);
  const { events, unreadable } = await named('NATS', eraseInMessages(nats, address));
  console.log(`Events in dead letters changed: ${plain.format(events)}`);
  if (unreadable > 0) {
    console.log(
      `Dead letters that contain the address and cannot be read: ${plain.format(unreadable)}. Drop them with npm run dead-letters.`,
    );
  }
  if (waiting > 0) {
    console.log(
      `Messages that wait in the queue and may contain the address: ${plain.format(waiting)}. Run the command again when the consumers have recorded them.`,
    );
  }
  return unreadable + waiting === 0;
}

/** Puts the name of a server before the message of an error. */
async function named<T>(server: string, result: Promise<T>): Promise<T> {
  return await result.catch((cause: unknown) => {
    throw new Error(`${server}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

await runCommandProgram({
  name: 'erase',
  help: new URL('../help/erase.txt', import.meta.url),
  read: readAddressToErase,
  run: erase,
  explain: (message) => `${message.replace(/\.$/, '')}. Run the command again: it continues with what is left.`,
});
