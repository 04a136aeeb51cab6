import { ConfigError, loadConfig, type NatsConfig, natsOptions, natsVariables, readEnvironment } from '@ads/runtime';
import { connect, type NatsConnection } from 'nats';
import { dropLetter, readLetter, readLetters, replayLetter } from './dead-letter-stream.js';

const USAGE = `Usage: npm run dead-letters -- <command>

  list            id, time, source and reason of every dead letter
  show ID         one of them, with its bytes
  replay ID…      puts them back into the queue: an event counts once, in the bucket of its own time
  drop ID…        deletes them for good

NATS_URL says where they are.`;

/** A mistake in how it was called, or a letter that isn't there. */
class Refused extends Error {}

async function run(connection: NatsConnection, command: string | undefined, ids: readonly number[]): Promise<void> {
  if (command === 'list') return await list(connection);
  for (const id of ids) {
    const letter = await readLetter(connection, id);
    if (!letter) throw new Refused(`There is no dead letter ${id}.`);
    if (command === 'show') {
      console.log(
        `id      ${id}\ntime    ${letter.time.toISOString()}\nsource  ${letter.source}\nreason  ${letter.reason}\n`,
      );
      console.log(Buffer.from(letter.data).toString('utf8'));
    } else if (command === 'replay') {
      await replayLetter(connection, letter);
      console.log(`${id} is in the queue again.`);
    } else {
      await dropLetter(connection, id);
      console.log(`${id} is deleted.`);
    }
  }
}

async function list(connection: NatsConnection): Promise<void> {
  let count = 0;
  for await (const { id, time, source, reason } of readLetters(connection)) {
    console.log(`${id}\t${time.toISOString()}\t${source}\t${reason}`);
    count += 1;
  }
  console.log(count === 1 ? '1 dead letter' : `${count} dead letters`);
}

function readIds(command: string | undefined, texts: readonly string[]): number[] {
  const ids = texts.map(Number);
  const valid = ids.every((id) => Number.isSafeInteger(id) && id > 0);
  const enough = command === 'list' ? ids.length === 0 : command === 'show' ? ids.length === 1 : ids.length > 0;
  if (!['list', 'show', 'replay', 'drop'].includes(command ?? '') || !valid || !enough) throw new Refused(USAGE);
  return ids;
}

try {
  const [command, ...rest] = process.argv.slice(2);
  const ids = readIds(command, rest);
  const config = loadConfig<NatsConfig>(readEnvironment(), natsVariables);
  const connection = await connect(natsOptions(config, 'dead-letters'));
  try {
    await run(connection, command, ids);
  } finally {
    await connection.close();
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof Refused || error instanceof ConfigError ? message : `NATS: ${message}`);
  process.exitCode = 1;
}
